"""What session records are and mean; knows nothing of dashboards."""

import os

# numpy's linear algebra would take every core for matrices of some hundred rows, and its threads wait for
# each other actively: where other work runs beside, a Turnbull estimate of 0.5 s then takes 2 to 11 s.
# Numpy reads this once, when it is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
