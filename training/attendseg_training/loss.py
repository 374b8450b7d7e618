"""What training makes small: cross entropy against labels, and against a teacher's soft labels."""

import torch
from torch import Tensor
from torch.nn import functional

from .batches import Batch
from .data import IGNORED
from .network import enlarge

SOFT_PIXELS = 4
"""Pixels at half the picture's size, where labels count, to one of a soft label."""


def hard_entropy(logits: Tensor, truth: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted cross entropy summed over the pixels that are labelled, and the sum of their weights."""
    entropy = functional.cross_entropy(logits, truth, weights, ignore_index=IGNORED, reduction="sum")
    return entropy, weights[truth[truth != IGNORED]].sum()


def soft_entropy(logits: Tensor, soft: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The same against probabilities (NxCxhxw uint8, all zero where there are none), of logits of their size."""
    weighted = soft.float() / 255 * weights[:, None, None]
    return -(weighted * functional.log_softmax(logits, 1)).sum() * SOFT_PIXELS, weighted.sum() * SOFT_PIXELS


def mean(*parts: tuple[Tensor, Tensor]) -> Tensor:
    """Of entropies over all their weights; zero where nothing is labelled."""
    entropies, weights = zip(*parts, strict=True)
    return torch.stack(entropies).sum() / torch.stack(weights).sum().clamp(min=1e-6)


def loss_of(outputs: tuple[Tensor, ...], batch: Batch, weights: Tensor, aux: float) -> Tensor:
    """Cross entropy of the head at half size and, by the factor `aux`, of the auxiliary heads as they are.

    At full size the loss would take longer than the network. Soft labels teach the head only.
    """
    labels = batch.labels

    def entropy(logits: Tensor) -> tuple[Tensor, Tensor]:
        step = labels.shape[1] // logits.shape[2]
        return hard_entropy(logits, labels[:, step // 2 :: step, step // 2 :: step].long(), weights)

    head, *rest = (logits.float() for logits in outputs)
    height, width = labels.shape[1:]
    parts = [entropy(enlarge(head, (height // 2, width // 2)))]
    if batch.soft is not None:
        parts.append(soft_entropy(head, batch.soft, weights))
    return mean(*parts) + aux * sum(mean(entropy(logits)) for logits in rest)
