"""pillion-init: the kernel rules that send a pod's traffic through its proxy."""
