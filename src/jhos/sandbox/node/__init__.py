"""The rootless node: runs pods as isolated processes, an ordinary client of the API."""
