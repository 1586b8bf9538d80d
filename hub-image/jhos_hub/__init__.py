"""The configuration of a hub deployed by jhos, as small functions on a traitlets Config.

`load` reads what the deployment mounts and gives the order; the other modules each set one part.
"""
