"""What a statistician would compute from the sums of two arms. Pure: numbers in, numbers out, no database.

scipy and statsmodels are imported inside the functions, so that neither the web process nor the sender carries them
until somebody looks at an experiment.
"""
