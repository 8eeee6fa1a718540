"""What runs inside the switch: one thread per call, all of them in one interpreter (docs/call_scripts.md)."""

import os

# Before numpy is loaded: its second thread would spin for work on the cores that the calls need.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
