#!/usr/bin/env python3
"""Writes src/Gatehouse/SignIn/Passwords/nfc.txt: what Unicode normalisation form C needs, from Python's own copy of the Unicode character database.

Lines: "d CP CP[ CP][ x]" is a canonical decomposition in one step (x: never composed again); "c FIRST LAST CLASS" is a run of combining classes. All in hexadecimal.
"""
import os
import sys
import unicodedata as u

lines = [f"# Unicode {u.unidata_version}, written by tools/nfc.py; do not edit."]
run = None
for cp in range(sys.maxunicode + 1):
    ch = chr(cp)
    if 0xAC00 <= cp <= 0xD7A3:
        continue
    d = u.decomposition(ch)
    if d and not d.startswith("<"):
        excluded = u.normalize("NFC", ch) != ch
        lines.append(f"d {cp:X} {' '.join(format(int(x, 16), 'X') for x in d.split())}{' x' if excluded else ''}")
for cp in range(sys.maxunicode + 2):
    c = u.combining(chr(cp)) if cp <= sys.maxunicode else 0
    if run and (c != run[2] or cp != run[1] + 1):
        lines.append(f"c {run[0]:X} {run[1]:X} {run[2]:X}")
        run = None
    if c:
        run = (run[0], cp, c) if run else (cp, cp, c)
path = os.path.join(os.path.dirname(__file__), "..", "src", "Gatehouse", "SignIn", "Passwords", "nfc.txt")
with open(path, "w", encoding="ascii") as f:
    f.write("\n".join(lines) + "\n")
