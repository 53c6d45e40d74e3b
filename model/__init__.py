"""The fraud model: its data, its training, its artifacts and the answers that prove it."""
