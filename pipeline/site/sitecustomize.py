"""What Python runs first in each of Spark's processes on this machine (see `session`).

Spark puts a zip of PySpark before the one that is installed. It holds no bytecode: each process
would compile all that it imports, for most of a second.
"""

import sys
from importlib.machinery import PathFinder

INSTALLED = [each for each in sys.path if not each.endswith(("/pyspark.zip", "-src.zip"))]

if all(PathFinder.find_spec(each, INSTALLED) for each in ("pyspark", "py4j")):
    sys.path[:] = INSTALLED
