"""What goes wrong when an image is built."""


class ImageError(Exception):
    """An image cannot be built; the message says which step failed, and how."""


class ContainerfileError(ImageError):
    """A Containerfile says something that is not understood; the message names file and word."""
