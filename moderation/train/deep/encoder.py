"""The encoder of the second tier: BERT's architecture (MiniLM sizes by default) and one logit per label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as f

from moderation.errors import ModelError

FAR_BELOW = -1e4
"""Attention score of a token that is padding: its share underflows to 0."""

WIDE_INIT = 0.02
"""Standard deviation of new weights, as BERT initialises them."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of an encoder.

    Parameters
    ----------
    vocabulary : int
    width : int
    layers : int
    heads : int
    inner : int
        Width inside a feed-forward block.
    positions : int
        Longest text in tokens.
    """

    vocabulary: int = 30522
    width: int = 384
    layers: int = 6
    heads: int = 12
    inner: int = 1536
    positions: int = 512


class Encoder(nn.Module):
    """BERT without its pooler; texts go in as token numbers, logits of the labels come out.

    The logits are read from the mean of the tokens and from the first token side by side: the pretrained
    sentence vectors are means, and the first token is free to gather what a mean washes out.

    Parameters
    ----------
    shape : Shape
    labels : int
    dropout : float, default 0.1
        Before the head only: inside the blocks it costs a tenth of a training on a CPU, and no row is shown
        often enough to be learnt by heart.
    """

    def __init__(self, shape: Shape, labels: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.shape = shape
        self.words = nn.Embedding(shape.vocabulary, shape.width)
        self.positions = nn.Embedding(shape.positions, shape.width)
        self.norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * shape.width, labels)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=WIDE_INIT)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return logits, shape (n, labels), of token numbers and mask, both int64, (n, tokens)."""
        place = torch.arange(input_ids.shape[1], device=input_ids.device)
        hidden: Tensor = self.norm(self.words(input_ids) + self.positions(place))
        seen = attention_mask[:, None, None, :] > 0
        for block in self.blocks:
            hidden = block(hidden, seen)
        share = attention_mask.to(hidden.dtype)[:, :, None]
        mean = (hidden * share).sum(dim=1) / share.sum(dim=1)
        logits: Tensor = self.head(self.dropout(torch.cat((mean, hidden[:, 0]), dim=1)))
        return logits


class Block(nn.Module):
    """One layer: attention and a feed-forward block, each added to its input and normalised."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.attend = nn.Linear(shape.width, 3 * shape.width)
        self.gather = nn.Linear(shape.width, shape.width)
        self.first_norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.widen = nn.Linear(shape.width, shape.inner)
        self.narrow = nn.Linear(shape.inner, shape.width)
        self.second_norm = nn.LayerNorm(shape.width, eps=1e-12)

    def forward(self, hidden: Tensor, seen: Tensor) -> Tensor:
        """Return the next hidden state, shape (n, tokens, width); `seen` says which tokens count."""
        rows, tokens, width = hidden.shape
        parts = self.attend(hidden).view(rows, tokens, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).contiguous().unbind(0)
        # Spelled out: torch's fused attention is several times slower backwards on CPUs at these lengths.
        scores = query @ key.transpose(2, 3) * (width // self.heads) ** -0.5
        scores = scores.masked_fill(~seen, FAR_BELOW)
        mixed = (scores.softmax(dim=-1) @ value).transpose(1, 2).reshape(rows, tokens, width)
        hidden = self.first_norm(hidden + self.gather(mixed))
        inner = self.narrow(f.gelu(self.widen(hidden)))
        normed: Tensor = self.second_norm(hidden + inner)
        return normed


def load_pretrained(encoder: Encoder, tensors: Mapping[str, Tensor]) -> None:
    """Fill an encoder with the weights of a BERT checkpoint; rows beyond its vocabulary keep theirs.

    Parameters
    ----------
    encoder : Encoder
    tensors : mapping of str to Tensor
        By the names that Hugging Face's `BertModel` gives them.

    Raises
    ------
    ModelError
        A tensor is missing or has another shape than the encoder.
    """

    def put(target: Tensor, *names: str) -> None:
        try:
            source = torch.cat([tensors[name] for name in names])
        except KeyError as error:
            raise ModelError(f"the pretrained weights lack {error}; they are not BERT's") from error
        if source.shape[1:] != target.shape[1:] or len(source) > len(target):
            raise ModelError(
                f"pretrained {names[0]} has shape {tuple(source.shape)}, not {tuple(target.shape)}"
            )
        target[: len(source)] = source

    with torch.no_grad():
        put(encoder.words.weight, "embeddings.word_embeddings.weight")
        put(encoder.positions.weight, "embeddings.position_embeddings.weight")
        # Comments are all of the first of BERT's two token types, so its vector goes into every position.
        encoder.positions.weight += tensors["embeddings.token_type_embeddings.weight"][0]
        for kind in ("weight", "bias"):
            put(getattr(encoder.norm, kind), f"embeddings.LayerNorm.{kind}")
            for number, block in enumerate(encoder.blocks):
                at = f"encoder.layer.{number}"
                put(
                    getattr(block.attend, kind),
                    *(f"{at}.attention.self.{part}.{kind}" for part in ("query", "key", "value")),
                )
                put(getattr(block.gather, kind), f"{at}.attention.output.dense.{kind}")
                put(getattr(block.first_norm, kind), f"{at}.attention.output.LayerNorm.{kind}")
                put(getattr(block.widen, kind), f"{at}.intermediate.dense.{kind}")
                put(getattr(block.narrow, kind), f"{at}.output.dense.{kind}")
                put(getattr(block.second_norm, kind), f"{at}.output.LayerNorm.{kind}")
