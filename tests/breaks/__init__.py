"""Breaks: each takes one clause of a promise out of the code while its test runs, and the test must notice.

A promise whose test passes with the promise broken is not tested. A break is a function that replaces
functions of the app by ones that do wrong; it survives their being moved, and fails loudly where what it
replaces is gone. ``python -m tests.breaks [PROMISE]`` tries them all.
"""
