"""Batch normalisation over the batch of all processes, on any device."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm

__all__ = ["SharedBatchNorm", "share_statistics"]


class SharedBatchNorm(_BatchNorm):
    """Batch normalisation (B, C, ...) whose mean and variance are those of the equal shares of all processes.

    PyTorch's `SyncBatchNorm` does the same on a GPU only.

    Args:
        norm: What it takes the place of: parameters, statistics, momentum and epsilon.
    """

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum)
        self.load_state_dict(norm.state_dict())

    def forward(self, features: Tensor) -> Tensor:
        """Normalise, in training with the statistics of the batch."""
        if not self.training:
            return F.batch_norm(
                features, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
            )
        others = [axis for axis in range(features.dim()) if axis != 1]
        shape = [-1] + [1] * (features.dim() - 2)
        mean = _MeanOverProcesses.apply(features.float().mean(others))
        centred = features - mean.view(shape)
        variance = _MeanOverProcesses.apply(centred.float().square().mean(others))
        count = features.numel() // self.num_features * distributed.get_world_size()
        with torch.no_grad():
            if self.num_batches_tracked is not None:
                self.num_batches_tracked.add_(1)
            self.running_mean += self.momentum * (mean - self.running_mean)
            self.running_var += self.momentum * (variance * count / (count - 1) - self.running_var)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale.view(shape) + self.bias.view(shape)).to(features.dtype)


def share_statistics(model: nn.Module) -> None:
    """Let each batch normalisation in a model count the batch of all processes; names and parameters stay."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, _BatchNorm):
                setattr(module, name, SharedBatchNorm(child))


class _MeanOverProcesses(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, own: Tensor) -> Tensor:
        return _all_mean(own)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        return _all_mean(gradient)  # what is minimised is the mean of the losses of all, and each has seen the mean


def _all_mean(own: Tensor) -> Tensor:
    mean = own / distributed.get_world_size()
    distributed.all_reduce(mean)
    return mean
