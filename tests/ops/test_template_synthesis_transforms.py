"""What PyTorch does with the operators: compile, export, batch, differentiate, cast."""

import pytest
import torch

from ddsp_drums import template_synthesis
from tests.ops.test_template_synthesis import each_backend, sparse_randn
from tests.tolerances import assert_equal


@each_backend
def test_autocast_computes_in_float32(backend):
    activations, templates = torch.randn(3, 20), torch.randn(3, 30)
    with torch.autocast("cpu", torch.bfloat16):
        audio = template_synthesis(activations.bfloat16(), templates, hop_length=4, backend=backend)
    expected = template_synthesis(activations.bfloat16().float(), templates, hop_length=4, backend=backend)
    assert torch.equal(audio, expected)


@each_backend
@pytest.mark.parametrize(("templates_shape", "stems"), [((3, 50), False), ((2, 3, 50), True)])
@pytest.mark.parametrize("gradient", ["dense", "support"])
def test_compiles_without_a_graph_break(backend, templates_shape, stems, gradient):
    activations = torch.randn(2, 3, 20, requires_grad=True)
    templates = torch.randn(templates_shape, requires_grad=True)
    compiled = torch.compile(template_synthesis, fullgraph=True, backend="aot_eager")
    options = {"hop_length": 4, "stems": stems, "gradient": gradient, "backend": backend}
    ours, eager = compiled(activations, templates, **options), template_synthesis(activations, templates, **options)
    assert_equal(ours, eager)
    our_grads, grads = (torch.autograd.grad(y.square().sum(), (activations, templates)) for y in (ours, eager))
    for our_grad, grad in zip(our_grads, grads, strict=True):
        assert_equal(our_grad, grad)


def test_compiles_with_dynamic_shapes():
    compiled = torch.compile(template_synthesis, fullgraph=True, backend="aot_eager", dynamic=True)
    for batch, frames in [(2, 20), (3, 31)]:
        activations, templates = torch.randn(batch, 3, frames), torch.randn(3, 50)
        assert_equal(
            compiled(activations, templates, hop_length=4), template_synthesis(activations, templates, hop_length=4)
        )


def test_exports():
    class Play(torch.nn.Module):
        def forward(self, activations, templates):
            return template_synthesis(activations, templates, hop_length=4)

    batch, frames = torch.export.Dim("batch", min=2, max=100), torch.export.Dim("frames", min=2, max=100)
    for kits in ((), (4,)):  # one for all, and one an item
        inputs = torch.randn(4, 3, 20), torch.randn(*kits, 3, 50)
        sizes = ({0: batch, 2: frames}, {0: batch} if kits else {})
        exported = torch.export.export(Play(), inputs, dynamic_shapes=sizes)
        assert "ddsp_drums.template_synthesis" in exported.graph_module.code
        inputs = torch.randn(7, 3, 31), torch.randn(*(7 for _ in kits), 3, 50)
        assert_equal(exported.module()(*inputs), Play()(*inputs))


@each_backend
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("gradient", ["dense", "support"])
def test_operators_keep_their_contract(backend, shared, gradient):
    activations = sparse_randn(2, 3, 10, dtype=torch.float64).requires_grad_()
    templates = torch.randn(1 if shared else 2, 3, 20, dtype=torch.float64, requires_grad=True)
    ops = torch.ops.ddsp_drums
    for stems in (False, True):
        torch.library.opcheck(ops.template_synthesis, (activations, templates, 4, stems, backend, gradient))
        cotangent = torch.randn(2, *[3] * stems, 40, dtype=torch.float64, requires_grad=True)
        for wanted in [(True, True), (True, False), (False, True)]:
            arguments = (cotangent, activations, templates, 4, *wanted, backend, gradient)
            torch.library.opcheck(ops.template_synthesis_backward, arguments)


@each_backend
@pytest.mark.parametrize(("activations_dim", "templates_dim"), [(0, None), (None, 0), (2, 1), (1, 0)])
@pytest.mark.parametrize("templates_shape", [(3, 9), (2, 3, 9)])
def test_vmap_equals_a_loop(backend, activations_dim, templates_dim, templates_shape):
    def add_batch(shape, dim):
        return shape if dim is None else (*shape[:dim], 4, *shape[dim:])

    activations = sparse_randn(*add_batch((2, 3, 10), activations_dim), dtype=torch.float64)
    templates = torch.randn(add_batch(templates_shape, templates_dim), dtype=torch.float64)

    def play(activations, templates):
        return template_synthesis(activations, templates, hop_length=2, backend=backend)

    together = torch.func.vmap(play, (activations_dim, templates_dim))(activations, templates)
    for i in range(4):
        item = [
            x if dim is None else x.select(dim, i)
            for x, dim in [(activations, activations_dim), (templates, templates_dim)]
        ]
        assert_equal(together[i], play(*item))


@each_backend
@pytest.mark.parametrize("templates_shape", [(3, 9), (2, 3, 9)])
@pytest.mark.parametrize("wanted", ["activations", "templates"])
def test_batched_cotangents_equal_a_loop(backend, templates_shape, wanted):
    inputs = {
        "activations": sparse_randn(2, 3, 10, dtype=torch.float64),
        "templates": torch.randn(templates_shape, dtype=torch.float64),
    }
    inputs[wanted].requires_grad_()
    audio = template_synthesis(**inputs, hop_length=2, backend=backend)
    cotangents = torch.randn(4, *audio.shape, dtype=torch.float64)
    (together,) = torch.autograd.grad(audio, inputs[wanted], cotangents, is_grads_batched=True, retain_graph=True)
    for i in range(4):
        (alone,) = torch.autograd.grad(audio, inputs[wanted], cotangents[i], retain_graph=True)
        assert_equal(together[i], alone)


@each_backend
@pytest.mark.parametrize("templates_shape", [(3, 9), (2, 3, 9)])
def test_gradients_of_each_item_by_function_transforms(backend, templates_shape):
    activations = sparse_randn(4, 2, 3, 10, dtype=torch.float64)
    templates = torch.randn(templates_shape, dtype=torch.float64)

    def loss(activations, templates):
        return template_synthesis(activations, templates, hop_length=2, backend=backend).square().sum()

    grad = torch.func.grad(loss, argnums=(0, 1))
    together = torch.func.vmap(grad, (0, None))(activations, templates)
    for i in range(4):
        for batched, alone in zip(together, grad(activations[i], templates), strict=True):
            assert_equal(batched[i], alone)
