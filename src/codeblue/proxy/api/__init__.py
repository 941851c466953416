"""The HTTP side of the proxy: Toxiproxy's routes, byte for byte where clients could notice."""
