"""Run by the bench in the peers' environment: betfair_data reads stream files and hands every ladder to Python.

Prints one line of JSON: CPU seconds (its decompressing threads included), books and levels handed over.
"""

from __future__ import annotations

import json
import sys
import time

import betfair_data


def main() -> None:
    repeats, paths = int(sys.argv[1]), sys.argv[2:]
    taken = []
    for _ in range(repeats):
        begun = time.process_time()
        books = levels = 0
        for file in betfair_data.bflw.Files(paths):
            for update in file:
                for book in update:
                    books += 1
                    for runner in book.runners:
                        levels += len(runner.ex.available_to_back) + len(runner.ex.available_to_lay)
        taken.append(time.process_time() - begun)
    print(json.dumps({"cpu_s": min(taken), "books": books, "levels": levels}))


if __name__ == "__main__":
    main()
