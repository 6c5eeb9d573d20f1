"""The edit model: a small encoder-decoder that decides, slot by slot, what a target has of a function template.

The encoder sees all slots at once; the decoder goes through them in order and sees the earlier decisions. The model scores given options
instead of generating text, so every output is a well-formed function. Besides embeddings of texts, each option comes with features of
how donors vote for it, all donors and those that agreed so far (``evidence``); the untrained model is a weighted vote of the donors.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# The type annotations of torch and numpy are incomplete.
from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from vega_gen.model.data import HOLES, KINDS, Arrays

EVIDENCE = 8
_LEAST = 1e-3
_SHARP = (0.0, 8.0)


class EditConfig(PretrainedConfig):
    """Sizes of an ``EditModel``. ``vocabulary``: the number of pieces."""

    model_type = "vega-edit"

    def __init__(
        self, vocabulary: int = 4096, width: int = 160, text_width: int = 96, heads: int = 4, encoder_layers: int = 3,
        decoder_layers: int = 2, dropout: float = 0.1, **kwargs: object,
    ) -> None:
        self.vocabulary = vocabulary
        self.width = width
        self.text_width = text_width
        self.heads = heads
        self.encoder_layers = encoder_layers
        self.decoder_layers = decoder_layers
        self.dropout = dropout
        super().__init__(**kwargs)  # pyright: ignore[reportArgumentType]


class TextEncoder(nn.Module):
    """Encodes texts: pieces [T, P] -> [T, width], by embeddings, two convolutions, and mean and maximum over pieces."""

    def __init__(self, config: EditConfig) -> None:
        super().__init__()
        w = config.text_width
        self.embedding = nn.Embedding(config.vocabulary, w, padding_idx=0)
        self.near = nn.ModuleList(nn.Conv1d(w, w, 5, padding=2) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(w) for _ in range(2))
        self.out = nn.Linear(2 * w, config.width)

    def forward(self, pieces: Tensor) -> Tensor:
        there = (pieces != 0).unsqueeze(-1)
        x = self.embedding(pieces)
        for conv, norm in zip(self.near, self.norms, strict=True):
            x = norm(x + F.gelu(conv((x * there).transpose(1, 2)).transpose(1, 2)))
        mean = (x * there).sum(1) / there.sum(1)
        most = x.masked_fill(~there, -1e4).amax(1)
        return self.out(torch.cat([mean, most], -1))


class TransformerBlock(nn.Module):
    """A transformer block over a sequence [S, width]. If ``causal``, each position sees itself and those before it."""

    def __init__(self, config: EditConfig) -> None:
        super().__init__()
        w = config.width
        self.heads = config.heads
        self.before, self.between = nn.LayerNorm(w), nn.LayerNorm(w)
        self.qkv, self.mix = nn.Linear(w, 3 * w), nn.Linear(w, w)
        self.feed = nn.Sequential(nn.Linear(w, 4 * w), nn.GELU(), nn.Linear(4 * w, w))
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, causal: bool) -> Tensor:
        length, width = x.shape
        q, k, v = self.qkv(self.before(x)).view(length, 3, self.heads, -1).permute(1, 2, 0, 3)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        x = x + self.drop(self.mix(seen.transpose(0, 1).reshape(length, width)))
        return x + self.drop(self.feed(self.between(x)))


@dataclass(frozen=True)
class Options:
    """The options of all slots in one row: every slot's absence, then all variants, then every slot's "something else".

    ``slot`` [O]: the option's slot. ``support`` [O, M]: which donors have it. ``valid`` [S, M]: which donors have the enclosing slot.
    """

    slot: Tensor
    support: Tensor
    valid: Tensor


@dataclass(frozen=True)
class EncodedTemplate:
    """The part of a function's encoding that does not depend on decisions.

    ``texts`` [T, width], ``slots`` [S, width]. Per option: ``vectors`` [O, width], ``facts`` [O, 4]. ``weight`` [M]: the donors' weights.
    ``tell`` [S]: how much agreeing on a slot says about a donor.
    """

    arrays: Arrays
    texts: Tensor
    slots: Tensor
    options: Options
    vectors: Tensor
    facts: Tensor
    weight: Tensor
    tell: Tensor


class EditModel(PreTrainedModel):
    """The edit model; the module describes it."""

    config_class = EditConfig
    config: EditConfig

    def __init__(self, config: EditConfig) -> None:
        super().__init__(config)
        w = config.width
        self.text = TextEncoder(config)
        self.kind, self.depth = nn.Embedding(len(KINDS), w), nn.Embedding(8, w)
        self.place = nn.Embedding(256, w)
        self.sort = nn.Embedding(3, w)
        self.slot_facts = nn.Linear(3, w)
        self.encoder = nn.ModuleList(TransformerBlock(config) for _ in range(config.encoder_layers))
        self.decoder = nn.ModuleList(TransformerBlock(config) for _ in range(config.decoder_layers))
        self.decided = nn.Linear(w, w)
        self.head_norm = nn.LayerNorm(w)
        self.head = nn.Sequential(nn.Linear(2 * w + EVIDENCE + 4, w), nn.GELU(), nn.Dropout(config.dropout), nn.Linear(w, 1))
        self.vote = nn.Linear(EVIDENCE + 4, 1)
        self.hole_kind, self.hole_place = nn.Embedding(len(HOLES), w), nn.Embedding(8, w)
        self.hole_query = nn.Linear(4 * w, w)
        self.hole_name = nn.Linear(2 * w, w)
        self.hole_head = nn.Sequential(nn.Linear(3 * w + 2, w), nn.GELU(), nn.Dropout(config.dropout), nn.Linear(w, 1))
        self.hole_vote = nn.Linear(2, 1)
        self.hole_other = nn.Sequential(nn.Linear(w + 1, w), nn.GELU(), nn.Linear(w, 1))
        self.post_init()
        with torch.no_grad():  # start as the vote of the donors
            self.vote.weight.zero_()
            self.vote.bias.zero_()
            self.vote.weight[0, 0] = 1.0
            self.hole_vote.weight.zero_()
            self.hole_vote.weight[0, 0] = 1.0
            for last in (self.head[-1], self.hole_head[-1]):
                assert isinstance(last, nn.Linear)
                last.weight.mul_(0.1)

    def encode(self, a: Arrays) -> EncodedTemplate:
        """Encode a function."""
        dev = self.device
        longest = max(map(len, a.texts))
        padded = torch.tensor([t + (0,) * (longest - len(t)) for t in a.texts], device=dev)
        texts = self.text(padded).float()
        has, takes = torch.from_numpy(a.has).to(dev), torch.from_numpy(a.takes).to(dev)
        weight = torch.from_numpy(a.weight).to(dev)
        parent = torch.from_numpy(a.parent).to(dev)
        slot_of = torch.from_numpy(a.slot_of).to(dev)
        count = len(a.parent)
        valid = torch.where((parent < 0).unsqueeze(-1), torch.ones_like(has), has[parent.clamp(min=0)])
        variants = texts[torch.from_numpy(a.text_of).to(dev)]
        share = (takes * weight).sum(1)  # exact in bfloat16 autocast too, unlike a product of matrices
        mean = torch.zeros(count, variants.shape[1], device=dev).index_add_(0, slot_of, variants * share.unsqueeze(-1))
        total = torch.zeros(count, device=dev).index_add_(0, slot_of, share).clamp(min=_LEAST)
        present = (has * weight).sum(1) / (valid * weight).sum(1).clamp(min=_LEAST)
        facts = torch.stack([present, torch.log1p(has.sum(1)) / 4, torch.from_numpy(a.own).to(dev)], -1)
        order = torch.arange(count, device=dev).clamp(max=255)
        kinds, depth = torch.from_numpy(a.kind).to(dev), torch.from_numpy(a.depth).to(dev)
        slots = mean / total.unsqueeze(-1) + self.kind(kinds) + self.depth(depth) + self.place(order) + self.slot_facts(facts)
        x = torch.cat([texts[a.signature : a.signature + 1], slots])
        for block in self.encoder:
            x = block(x, causal=False)
        sort = self.sort.weight
        everyone = torch.arange(count, device=dev)
        options = Options(
            torch.cat([everyone, slot_of, everyone]),
            torch.cat([valid * (1 - has), takes, torch.zeros_like(has)]),
            valid,
        )
        vectors = torch.cat([sort[0].expand(count, -1), variants + sort[1], sort[2].expand(count, -1)])
        own, calls_own = torch.from_numpy(a.own).to(dev), torch.from_numpy(a.calls_own).to(dev)
        none = torch.zeros(count, device=dev)
        unknown = torch.from_numpy(a.unknown).to(dev).clamp(max=4)
        vote = torch.log(torch.from_numpy(a.vote).to(dev) + _LEAST)
        others = torch.zeros_like(unknown)
        said = torch.stack(
            [
                torch.cat([none, unknown, none]),
                torch.cat([none, vote, none]),
                torch.cat([own, calls_own, none]),
                torch.cat([none, others, none + 1]),
            ], -1,
        )
        tell = 4 * present * (1 - present) + 0.05
        return EncodedTemplate(a, texts, x[1:], options, vectors, said, weight, tell)

    def evidence(self, e: EncodedTemplate, agreement: Tensor) -> Tensor:
        """Return features of the donors' votes for each option [O, EVIDENCE].

        They are logarithms of the share of donors that have it, weighted by similarity, by its cube, and equally, each without and with
        their agreement so far; the agreement of the best donor that has it; and whether the most similar donor has it.
        ``agreement`` [S, M]: before each slot.
        """
        slot, support, valid = e.options.slot, e.options.support, e.options.valid
        found: list[Tensor] = []
        cubed = e.weight**3 / (e.weight**3).sum()
        for weight in (e.weight, cubed, torch.full_like(e.weight, 1 / len(e.weight))):
            for sharp in _SHARP:
                each = valid * weight * agreement**sharp
                total = each.sum(1).clamp(min=1e-9)
                found.append(torch.log((support * each[slot]).sum(1) / total[slot] + _LEAST))
        found.append((support * agreement[slot]).amax(1))
        nearest = (valid * e.weight).argmax(1)
        found.append(support.gather(1, nearest[slot].unsqueeze(-1)).squeeze(-1))
        return torch.stack(found, -1)

    def agreement(self, e: EncodedTemplate, decided: Tensor, asked: Tensor) -> Tensor:
        """Return how far each donor agrees with the decisions before each slot [S, M], from 0 to 1. ``decided`` [S]: numbers of options."""
        same = e.options.support[decided] * e.options.valid
        scale = (e.tell * asked).unsqueeze(-1)
        right, all_ = (same * scale).cumsum(0), (e.options.valid * scale).cumsum(0)
        before = torch.zeros_like(right[:1])
        right, all_ = torch.cat([before, right[:-1]]), torch.cat([before, all_[:-1]])
        return (right + 0.5) / (all_ + 1.0)

    def scores(self, e: EncodedTemplate, decided: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        """Return the log-probability of each option [O] given the decisions on earlier slots, and the decoder's states [S, width]."""
        taken = self.decided(e.vectors[decided])
        shifted = torch.cat([torch.zeros_like(taken[:1]), taken[:-1]])
        x = e.slots + shifted
        for block in self.decoder:
            x = block(x, causal=True)
        x = self.head_norm(x)
        slot = e.options.slot
        known = torch.cat([self.evidence(e, self.agreement(e, decided, asked)), e.facts], -1)
        logits = (self.vote(known) + self.head(torch.cat([x[slot], e.vectors, known], -1))).squeeze(-1)
        return _log_softmax_of(logits.float(), slot, len(e.arrays.parent)), x

    def hole_scores(self, e: EncodedTemplate, states: Tensor, which: int) -> Tensor:
        """Return the log-probabilities of a hole's names, and last of "none of them" [N + 1]."""
        a = e.arrays
        hole = a.holes[which]
        place = a.slot_of[hole.variant]
        variant = e.texts[a.text_of[hole.variant]]
        donors = e.texts[hole.donors].mean(0) if len(hole.donors) else torch.zeros_like(variant)
        known = torch.cat([states[place], variant, self.hole_kind.weight[hole.kind] + self.hole_place.weight[hole.place], donors])
        query = self.hole_query(known)
        vote = torch.from_numpy(hole.votes).to(query)
        none = self.hole_other(torch.cat([query, vote.amax(0, keepdim=True) if len(vote) else vote.new_zeros(1)]))
        if not len(hole.names):
            return torch.zeros_like(none)
        names = self.hole_name(torch.cat([e.texts[hole.names], e.texts[hole.words]], -1))
        facts = torch.stack([torch.log(vote + _LEAST), vote], -1)
        asked = query.expand_as(names)
        logits = self.hole_vote(facts) + self.hole_head(torch.cat([asked, names, asked * names, facts], -1))
        return F.log_softmax(torch.cat([logits.squeeze(-1), none]).float(), -1)

    def gold(self, a: Arrays) -> tuple[Tensor, Tensor]:
        """Return the numbers of the right options [S], and which slots are asked for [S]."""
        count, variants = len(a.parent), len(a.slot_of)
        answer = torch.from_numpy(a.answer)
        everyone = torch.arange(count)
        right = torch.where(answer < 0, everyone, torch.where(answer < variants, answer + count, everyone + count + variants))
        return right.to(self.device), torch.from_numpy(a.asked).to(self.device)

    def loss(self, a: Arrays) -> tuple[Tensor, Tensor]:
        """Return the summed negative log-likelihood of the right decisions, for slots and for holes."""
        e = self.encode(a)
        right, asked = self.gold(a)
        scored, states = self.scores(e, right, asked.float())
        slots = -(scored[right] * asked).sum()
        told = [-self.hole_scores(e, states, i)[hole.answer] for i, hole in enumerate(a.holes) if hole.answer >= 0]
        return slots, torch.stack(told).sum() if told else slots.new_zeros(())


def _log_softmax_of(logits: Tensor, group: Tensor, groups: int) -> Tensor:
    """Return the log-softmax of ``logits`` [O] within each group."""
    most = torch.full((groups,), -torch.inf, device=logits.device).scatter_reduce(0, group, logits.detach().float(), "amax")
    shifted = logits - most[group]
    total = torch.zeros(groups, device=logits.device).index_add(0, group, shifted.exp())
    return shifted - total.log()[group]
