"""Measures the hand-overs on the machine at hand, each against a bare limit of the same machine in the same minute."""
