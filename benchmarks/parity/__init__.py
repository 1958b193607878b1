"""Our `flumine` preset against flumine itself, order for order, on every real recording: `make parity`."""
