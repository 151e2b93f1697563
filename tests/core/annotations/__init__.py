"""What a pod's annotations do to the settings that apply to it."""
