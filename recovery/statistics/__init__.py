"""What a statistician would compute from the sums of two arms. Pure: numbers in, numbers out, no database.

scipy is imported inside the functions, so that neither the web process nor the sender carries it until somebody looks
at an experiment. What is written by hand is checked against published numbers, and in the tests against statsmodels.
"""
