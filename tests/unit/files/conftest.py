import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "transport"))  # servers.py
sys.path.insert(0, str(Path(__file__).parent))  # trees_rig.py
