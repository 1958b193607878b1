"""How fast, against peers and the machine's own floors, all measured in one run: `make bench`."""
