"""The training loop: masked losses, a linear schedule, and checkpoints to resume from."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as f

from moderation.errors import ModelError
from moderation.train.deep.encoder import Encoder
from moderation.train.deep.tokens import Tokens
from moderation.train.recipe import Say

I64 = npt.NDArray[np.int64]
F32 = npt.NDArray[np.float32]

HELD_BACK = 0.003
"""Penalty on the squares of the corpora's own intercepts: they may explain what a corpus calls a label, not
that its texts are about it."""

SAID_EVERY = 100


@dataclass(frozen=True, slots=True)
class Targets:
    """What the training rows say.

    Parameters
    ----------
    truth : ndarray of float32, shape (n, labels)
        0 to 1; any value where the weight is 0.
    weight : ndarray of float32, shape (n, labels)
        0 where a row does not carry a label.
    corpus : ndarray of int64, shape (n,)
        Number of the corpus of each row.
    own : ndarray of float32, shape (corpora, labels)
        1 where a corpus gets an intercept of its own.
    """

    truth: F32
    weight: F32
    corpus: I64
    own: F32


def half_pays() -> bool:
    """Tell whether this processor multiplies in bfloat16: one that has to imitate it takes thrice as long.

    A release of torch that cannot tell multiplies in float32.
    """
    known: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(known.get("avx512_bf16") or known.get("amx_bf16"))


@dataclass(frozen=True, slots=True)
class Settings:
    """Numbers of a training.

    Parameters
    ----------
    rate : float
        Highest learning rate of the encoder.
    head_rate : float
        Of the head and the corpora's intercepts, which start from nothing.
    warm : float
        Share of the steps over which the rates rise.
    decay : float
        Weight decay of the matrices.
    clip : float
        Longest gradient.
    half : bool
        Whether to multiply in bfloat16; default: where `half_pays`.
    save_seconds : float
        Time between checkpoints.
    """

    rate: float = 1e-4
    head_rate: float = 1e-3
    warm: float = 0.06
    decay: float = 0.01
    clip: float = 1.0
    half: bool = field(default_factory=half_pays)
    save_seconds: float = 300.0


class Trainer:
    """A training that can be stopped and resumed.

    Parameters
    ----------
    encoder : Encoder
        Trained in place, but for its word vectors, which stay as they are pretrained.
    targets : Targets
    settings : Settings
    seed : int
    """

    def __init__(self, encoder: Encoder, targets: Targets, settings: Settings, seed: int) -> None:
        torch.manual_seed(seed)
        self.encoder, self.targets, self.settings = encoder, targets, settings
        self.own = nn.Parameter(torch.zeros(targets.own.shape))
        self._allowed = torch.from_numpy(targets.own)
        encoder.words.weight.requires_grad_(False)
        self.optimizer = torch.optim.AdamW(self._parameters(), betas=(0.9, 0.98), fused=True)
        self.step = 0
        self.seconds = 0.0

    def begin(self, own: Tensor) -> None:
        """Begin with the intercepts that trainings before this one gave the corpora."""
        with torch.no_grad():
            self.own.copy_(own)

    def run(
        self, tokens: Tokens, plan: Sequence[I64], checkpoint: Path | None = None, say: Say = lambda _: None
    ) -> None:
        """Train on batches from where the training stands to the end of the plan.

        Parameters
        ----------
        tokens : Tokens
        plan : sequence of ndarray of int64
            Rows of every batch, see `moderation.train.deep.plan`.
        checkpoint : Path, optional
            File to resume from where it exists, and to write from time to time.
        say : callable
        """
        of = self._training(plan)
        if checkpoint is not None and checkpoint.exists():
            self._load(checkpoint, of)
            say(f"resuming at step {self.step:,} of {len(plan):,}")
        self.encoder.train()
        saved = began = time.monotonic()
        first, before, mean = self.step, self.seconds, 0.0
        while self.step < len(plan):
            loss = self._one_step(tokens, plan[self.step], len(plan))
            self.step += 1
            self.seconds = before + time.monotonic() - began
            mean += (loss - mean) / min(self.step - first, SAID_EVERY)
            if self.step % SAID_EVERY == 0:
                rest = (self.seconds - before) / (self.step - first) * (len(plan) - self.step)
                say(f"step {self.step:,} of {len(plan):,}: loss {mean:.4f}, {rest / 60:.0f} min to go")
            if checkpoint is not None and time.monotonic() - saved > self.settings.save_seconds:
                self._save(checkpoint, of)
                saved = time.monotonic()
        if checkpoint is not None:
            self._save(checkpoint, of)

    def _one_step(self, tokens: Tokens, rows: I64, steps: int) -> float:
        share = _schedule(self.step, steps, self.settings.warm)
        for group in self.optimizer.param_groups:
            group["lr"] = group["highest"] * share
        with torch.autocast("cpu", torch.bfloat16, enabled=self.settings.half):
            logits = self.encoder(*tokens.batch(rows)).float()
        own = (
            self.own[torch.from_numpy(self.targets.corpus[rows])]
            * self._allowed[torch.from_numpy(self.targets.corpus[rows])]
        )
        truth, weight = (
            torch.from_numpy(self.targets.truth[rows]),
            torch.from_numpy(self.targets.weight[rows]),
        )
        loss = masked_loss(logits + own, truth, weight)
        total = loss + HELD_BACK * self.own.square().sum()
        total.backward()
        nn.utils.clip_grad_norm_(self.encoder.parameters(), self.settings.clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return float(loss.detach())

    def _parameters(self) -> list[dict[str, object]]:
        head = list(self.encoder.head.parameters())
        known = {id(parameter) for parameter in head}
        body = [p for p in self.encoder.parameters() if p.requires_grad and id(p) not in known]
        return [
            {
                "params": [p for p in body if p.ndim > 1],
                "highest": self.settings.rate,
                "weight_decay": self.settings.decay,
            },
            {"params": [p for p in body if p.ndim == 1], "highest": self.settings.rate, "weight_decay": 0.0},
            {"params": [*head, self.own], "highest": self.settings.head_rate, "weight_decay": 0.0},
        ]

    def _training(self, plan: Sequence[I64]) -> str:
        """Return the SHA-256 of what tells a training from others, hex: its rates, rows and their order."""
        known = hashlib.sha256(f"{self.settings.rate} {self.settings.head_rate}".encode())
        for rows in plan:
            known.update(rows.astype("<i8").tobytes())
            known.update(b";")
        return known.hexdigest()

    def _save(self, path: Path, of: str) -> None:
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "training": of,
            "encoder": self.encoder.state_dict(),
            "own": self.own.detach(),
            "optimizer": self.optimizer.state_dict(),
            "random": torch.get_rng_state(),
        }
        beside = path.with_suffix(".part")
        torch.save(state, beside)
        beside.replace(path)

    def _load(self, path: Path, of: str) -> None:
        state = torch.load(path, weights_only=True)
        if state.get("training") != of:
            raise ModelError(f"{path} belongs to another training, of other rows or rates; remove it")
        self.encoder.load_state_dict(state["encoder"])
        with torch.no_grad():
            self.own.copy_(state["own"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        self.step, self.seconds = state["step"], state["seconds"]


def masked_loss(logits: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Return the cross entropy of labels that rows carry, summed over labels and averaged over rows.

    Parameters
    ----------
    logits, truth, weight : Tensor, shape (n, labels)
        Where the weight is 0 neither the logit nor the truth matters.
    """
    each = f.binary_cross_entropy_with_logits(logits, torch.nan_to_num(truth), reduction="none")
    return (each * weight).sum() / len(logits)


def _schedule(step: int, steps: int, warm: float) -> float:
    rising = max(1, round(steps * warm))
    return (step + 1) / rising if step < rising else (steps - step) / max(1, steps - rising)
