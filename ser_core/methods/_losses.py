"""Losses that shape features rather than classes: contrast between emotions, and a gradient that is turned round.

Supervised contrast (Khosla et al. 2020, NeurIPS, L_out): with z_i of length 1, A(i) all other clips of the batch and P(i)
those of the same emotion,

    L_i = - sum_{p in P(i)} w_ip log( exp(z_i z_p / t) / sum_{a in A(i)} exp(z_i z_a / t) ) / sum_{p in P(i)} w_ip,

and L is the mean over the clips that have a P(i). Khosla's w is 1; here it is one number where both clips are of one
language and another where they are not, so that alignment across languages can count more (language-aware weights; the paper
that names them gives no numbers).

Gradient reversal (Ganin et al. 2016, JMLR): the identity, whose gradient is multiplied by -strength; strength grows over
training as 2 / (1 + exp(-10 progress)) - 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def supervised_contrast(
    embedded: Tensor, emotions: Tensor, languages: Tensor, *, temperature: float, same: float = 1.0, cross: float = 1.0
) -> Tensor:
    """The loss above; 0 where no clip has another of its emotion that counts.

    Args:
        embedded: [clip, dim], of any length; brought to length 1 here.
        emotions: [clip], whole numbers.
        languages: [clip], whole numbers.
        temperature: t.
        same, cross: weight of pairs within a language, and across.
    """
    import torch

    unit = torch.nn.functional.normalize(embedded, dim=-1)
    alike = unit @ unit.T / temperature
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    logs = alike - alike.masked_fill(itself, -math.inf).logsumexp(dim=1, keepdim=True)
    pairs = (emotions[:, None] == emotions) & ~itself
    weights = torch.where(languages[:, None] == languages, same, cross) * pairs
    totals = weights.sum(dim=1)
    has = totals > 0
    if not bool(has.any()):
        return embedded.sum() * 0.0
    return -((weights * logs.masked_fill(itself, 0.0)).sum(dim=1)[has] / totals[has]).mean()


def reversed_gradient(values: Tensor, strength: float) -> Tensor:
    """The same values; what flows back through them is multiplied by ``-strength``, exactly."""
    passed = values.view_as(values)
    if passed.requires_grad:
        passed.register_hook(lambda gradient: -strength * gradient)  # type: ignore[no-untyped-call]
    return passed


def growing(progress: float) -> float:
    """Strength of a reversed gradient at a progress in [0, 1].

    >>> growing(0.0), round(growing(0.5), 4), round(growing(1.0), 4)
    (0.0, 0.9866, 0.9999)
    """
    return 2 / (1 + math.exp(-10 * progress)) - 1
