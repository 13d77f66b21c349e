import json

import pytest


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Write sparkmagic's config.json where both sides look for it."""
    monkeypatch.setenv("SPARKMAGIC_CONF_DIR", str(tmp_path))
    monkeypatch.delenv("SPARKMAGIC_CONF_FILE", raising=False)
    path = tmp_path / "config.json"

    def write(content):
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    write.path = path
    return write
