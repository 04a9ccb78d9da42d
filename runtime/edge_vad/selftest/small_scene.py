"""A scene model that is made and not learnt, for machines without PyTorch.

It computes what a learnt scene computes, with weights drawn at random: two encoders, the sample
energy of each latent under a Gaussian mixture, and the larger of both. It tells whether backends
compute the same, and nothing about any camera.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_vad.false_alarms import NormalTail
from edge_vad.motion.extractor import MotionSettings
from edge_vad.onnx_file import writer
from edge_vad.onnx_file.writer import node, value
from edge_vad.scene_file import append_digest
from edge_vad.scene_model import (
    METADATA_KEY,
    SCHEMA,
    Calibration,
    Grid,
    SceneCard,
    Training,
)

_HEIGHT, _WIDTH, _PATCH, _STRIDE = 96, 128, 16, 8
_LATENT, _COMPONENTS = 8, 4
_AS_IT_IS = Calibration(locations=(0.0,), scales=(1.0,), weight=1.0)

Weights = dict[str, NDArray[np.float32] | NDArray[np.int64]]


def write_small_scene(path: Path, seed: int = 0) -> Path:
    """Write the scene model.

    Args:
        path: The ONNX file.
        seed: Of its weights.
    """
    card = _card()
    motion, channels = card.motion.downscale, card.motion.channels
    random = np.random.default_rng(seed)
    weights: Weights = {
        "white": np.array(255, np.float32),
        "component": np.array([1], np.int64),
        "cells": np.array([1, 2], np.int64),
    }
    nodes = [
        node("Cast", ["frame"], "frame_float", to=1),
        node("Div", ["frame_float", "white"], "brightness"),
        node("Transpose", ["brightness"], "look", perm=[0, 3, 1, 2]),
        *_energy("appearance", "look", 3, _PATCH, _STRIDE, random, weights),
        *_energy(
            "motion", "motion", channels, _PATCH // motion, _STRIDE // motion, random, weights
        ),
        node("Max", ["appearance_energy", "motion_energy"], "anomaly_map"),
        node("ReduceMax", ["anomaly_map", "cells"], "score", keepdims=0),
    ]
    content = writer.model(
        nodes,
        [
            value("frame", "uint8", ["N", _HEIGHT, _WIDTH, 3]),
            value("motion", "float32", ["N", channels, _HEIGHT // motion, _WIDTH // motion]),
        ],
        [
            value("anomaly_map", "float32", ["N", card.grid.rows, card.grid.columns]),
            value("score", "float32", ["N"]),
        ],
        weights,
        {METADATA_KEY: card.encode()},
    )
    path.write_bytes(append_digest(content))
    return path


def _energy(
    stream: str,
    source: str,
    channels: int,
    patch: int,
    stride: int,
    random: np.random.Generator,
    weights: Weights,
) -> list[bytes]:
    """An encoder, and the sample energy of its latents under a mixture of unit covariances.

    `E(z) = -log sum_k phi_k N(z; mu_k, I)`, with the distances of all components at once as a
    convolution: `(z - mu_k)` is one of kernel 1 with the bias `-mu_k`.
    """
    held = ("encoder", "spread", "means", "sum", "phi")
    computed = ("latent", "off", "square", "terms", "log")
    names, made = ({part: f"{stream}_{part}" for part in parts} for parts in (held, computed))
    fan_in = channels * patch * patch
    encoder = random.normal(0, 4 / math.sqrt(fan_in), (_LATENT, channels, patch, patch))
    means = random.normal(0, 1, (_COMPONENTS, _LATENT))
    constant = -math.log(_COMPONENTS) - _LATENT / 2 * math.log(2 * math.pi)
    add_up = np.kron(np.eye(_COMPONENTS), np.full(_LATENT, -0.5))
    weights |= {
        names["encoder"]: encoder.astype(np.float32),
        names["spread"]: np.tile(np.eye(_LATENT), (_COMPONENTS, 1))[..., None, None].astype("f4"),
        names["means"]: -means.ravel().astype(np.float32),
        names["sum"]: add_up[..., None, None].astype(np.float32),
        names["phi"]: np.full(_COMPONENTS, constant, np.float32),
    }
    return [
        node("Conv", [source, names["encoder"]], made["latent"], strides=[stride, stride]),
        node("Conv", [made["latent"], names["spread"], names["means"]], made["off"]),
        node("Mul", [made["off"], made["off"]], made["square"]),
        node("Conv", [made["square"], names["sum"], names["phi"]], made["terms"]),
        node("ReduceLogSumExp", [made["terms"], "component"], made["log"], keepdims=0),
        node("Neg", [made["log"]], f"{stream}_energy"),
    ]


def _card() -> SceneCard:
    rows, columns = ((side - _PATCH) // _STRIDE + 1 for side in (_HEIGHT, _WIDTH))
    return SceneCard(
        schema=SCHEMA,
        height=_HEIGHT,
        width=_WIDTH,
        fps=10.0,
        motion=MotionSettings(),
        grid=Grid(rows, columns, _PATCH, _STRIDE),
        energies={"appearance": _AS_IT_IS, "motion": _AS_IT_IS},
        normal=NormalTail(
            hours=1.0, frames=36000, start=1.0, alarms_per_hour=1.0, scale=1.0, shape=0.0
        ),
        training=Training(("made for a selftest",), 1, seed=0, created="", versions={}),
    )
