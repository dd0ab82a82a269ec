"""The README runs: its Python blocks, one after another, in one session."""

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_blocks_of_the_readme_run_in_sequence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # model_dir stands in the text as a relative path
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.M | re.S)
    assert len(blocks) >= 6
    session = {"__name__": "readme"}
    for number, block in enumerate(blocks, start=1):
        exec(compile(block, f"README.md, block {number}", "exec"), session)
