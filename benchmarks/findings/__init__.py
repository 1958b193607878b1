"""Do the articles' findings about their market makers come out of our replays? `python -m benchmarks.findings`."""
