import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # s3_rig.py, cse_rig.py
