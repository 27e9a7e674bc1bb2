"""What happens to a running server when its process, its disk, its parts and its users fail it; see `__main__`."""
