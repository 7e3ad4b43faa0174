import inspect
import re

import drummernet
import pytest

from tests.surface import public_modules

# Of these nobody else is the author, and why each needs no source.
WITHOUT_SOURCE = {
    "its words or its equation are all there is to it": {
        "audio.degradations.add_noise", "audio.degradations.amplify", "audio.degradations.bleed", "events.Event",
        "events.Events", "events.Hit", "events.Note", "events.Peaks", "events.quantise", "kits.Drum", "kits.Kit",
        "kits.Voice", "metrics.Interval", "metrics.VelocityAgreement", "metrics.compare_velocities",
        "metrics.offset_histogram",
    },
    "it reads or writes files in a form that the text describes": {
        "audio.audio_writer", "audio.find_audio", "audio.read_audio", "audio.read_segment", "audio.stream_audio",
        "audio.write_audio", "events.hits_as_json", "events.write_csv", "events.write_json", "kits.load_taxonomy",
    },
    "the project's own, measured in docs/decisions.md": {
        "audio.degradations.crackle", "audio.degradations.degrade", "drummernet.Stream", "drummernet.Transcriber",
        "drummernet.transcribe", "kits.classify", "kits.render", "kits.stream_render",
        "metrics.confusion_matrix",
    },
}  # fmt: skip
NAMES = {
    id(value): (f"{module.__name__}.{name}".removeprefix("ddsp_drums."), value)
    for module in [drummernet, *reversed(public_modules())]  # the shortest name of each is the last
    for name in module.__all__
    if callable(value := getattr(module, name))
}
PUBLIC = dict(NAMES.values())
FUNCTIONS = {name: value for name, value in PUBLIC.items() if not isinstance(value, type)}
CLASSES = {name: value for name, value in PUBLIC.items() if isinstance(value, type)}
EXPLAINED = set().union(*WITHOUT_SOURCE.values())


def document(value):
    """The docstring, and the sections that it has."""
    text = inspect.getdoc(value) or ""
    return text, set(re.findall(r"^(Args|Attributes|Returns|Yields|Raises|Source|Example):$", text, re.MULTILINE))


def is_documented_by_its_function(value):
    return isinstance(value, type) and "Module of :func:" in document(value)[0]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_documents_every_parameter(name):
    text, sections = document(FUNCTIONS[name])
    signature = inspect.signature(FUNCTIONS[name])
    assert not signature.parameters or "Args" in sections, "no Args"
    assert [each for each in signature.parameters if not re.search(rf"^    {each}: ", text, re.MULTILINE)] == []
    assert signature.return_annotation in (None, "None") or sections & {"Returns", "Yields"}


@pytest.mark.parametrize("name", [name for name in CLASSES if not is_documented_by_its_function(CLASSES[name])])
def test_a_class_documents_every_parameter(name):
    if issubclass(CLASSES[name], Exception):
        pytest.skip("an exception has a message")
    text, _ = document(CLASSES[name])
    parameters = inspect.signature(CLASSES[name]).parameters
    assert [each for each in parameters if not re.search(rf"^    {each}: ", text, re.MULTILINE)] == []


@pytest.mark.parametrize("name", PUBLIC)
def test_what_raises_says_so(name):
    value = PUBLIC[name]
    raises = re.search(r"\braise \w|\brequire\w*\(", inspect.getsource(value))
    assert not raises or is_documented_by_its_function(value) or "Raises" in document(value)[1], "no Raises"


@pytest.mark.parametrize("name", PUBLIC)
def test_an_example_runs_and_a_source_is_named(name):
    value = PUBLIC[name]
    if isinstance(value, type) and issubclass(value, Exception):
        pytest.skip("an exception has a message")
    text, sections = document(value)
    assert "Example" in sections, "no Example"
    assert ">>> " in text
    has_source = "Source" in sections or is_documented_by_its_function(value)
    assert has_source or name in EXPLAINED, "no Source, and no reason for it in WITHOUT_SOURCE"
    assert not (has_source and name in EXPLAINED), "a Source, and a reason to have none"


def test_reasons_are_of_public_names():
    assert set(PUBLIC) >= EXPLAINED


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_tensor_has_a_shape(name):
    text, _ = document(FUNCTIONS[name])
    for parameter in inspect.signature(FUNCTIONS[name]).parameters.values():
        if getattr(parameter.annotation, "__name__", parameter.annotation) == "Tensor":
            described = re.search(rf"^    {parameter.name}: (.*(?:\n        .*)*)", text, re.MULTILINE)
            shape = described and re.search(r"\(.*\)|shaped like|any shape", described[1])
            assert shape, f"{parameter.name} has no shape"


@pytest.mark.parametrize("name", CLASSES)
def test_every_public_method_is_documented(name):
    fields = getattr(CLASSES[name], "_fields", ())
    own = [each for each in vars(CLASSES[name]) if not each.startswith("_") and each not in fields]
    methods = [each for each in own if callable(value := getattr(CLASSES[name], each)) or isinstance(value, property)]
    assert [each for each in methods if not inspect.getdoc(getattr(CLASSES[name], each))] == []
