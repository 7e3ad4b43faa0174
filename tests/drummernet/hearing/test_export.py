import numpy as np
import pytest
import torch
from drummernet.commands.app import main
from drummernet.config import CONFIGS
from drummernet.hearing.export import export_onnx
from drummernet.model import DrummerNet
from drummernet.weights import load_weights


@pytest.fixture(scope="module")
def network():
    return load_weights()


@pytest.fixture(scope="module")
def session(network, tmp_path_factory):
    pytest.importorskip("onnxscript", reason="onnx and onnxscript are not installed")
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    path = export_onnx(network[0], network[1], tmp_path_factory.mktemp("onnx") / "net.onnx")
    assert [each.name for each in path.parent.iterdir()] == ["net.onnx"]
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("shape", [(1, 1), (1, 127), (2, 16_000), (3, 50_001)])
def test_onnxruntime_hears_what_pytorch_hears(network, session, shape):
    model, config = network
    audio = torch.randn(shape) * torch.linspace(0.3, 0, shape[1])
    probability, velocity = session.run(["probability", "velocity"], {"audio": audio.numpy()})
    with torch.no_grad():
        prediction = model(audio)
    assert probability.shape == (shape[0], len(config.model.instruments), 1 + shape[1] // config.model.hop_length)
    np.testing.assert_allclose(probability, model.probabilities(prediction), rtol=0, atol=1e-4)
    np.testing.assert_allclose(velocity, prediction.velocity, rtol=0, atol=1e-4)


def test_the_file_says_what_it_wants(network, session):
    properties = session.get_modelmeta().custom_metadata_map
    assert properties["sample_rate"] == "32000"
    assert properties["hop_length"] == "256"
    assert tuple(properties["instruments"].split(",")) == network[1].model.instruments


def test_networks_of_another_kind_are_refused(tmp_path):
    paper = CONFIGS["paper"]
    with pytest.raises(ValueError, match="encoder 'mel'"):
        export_onnx(DrummerNet(paper.model), paper, tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


def test_the_command_refuses_a_folder_that_is_not_there(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("sys.argv", ["drummernet", "export", str(tmp_path / "none" / "net.onnx")])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert "existing folder" in capsys.readouterr().err
