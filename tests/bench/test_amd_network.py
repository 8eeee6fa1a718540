"""The network's gradients are those of its loss, and a call hears what training heard."""

import numpy as np
import pytest

from bench.amd import backprop, train
from bench.amd.corpus import Item
from bench.amd.traces import Trace
from fs_scripts.amd import network
from fs_scripts.amd.bars import Bars
from fs_scripts.amd.model import Calibration, Model, load, save
from fs_scripts.amd.network import Listening, Network

TIME, COUNT, INPUTS = 40, 3, 6


@pytest.fixture
def chance():
    return np.random.default_rng(0)


@pytest.fixture
def weights(chance):
    made = backprop.start(INPUTS, chance, channels=8, wide=9, known=5, hidden=7)
    return {name: value + chance.normal(0, 0.05, value.shape) for name, value in made.items()}


@pytest.fixture
def batch(chance):
    return backprop.Batch(
        chance.normal(size=(TIME, COUNT, INPUTS)),
        (chance.random((TIME, COUNT)) < 0.5).astype(float),
        np.ones((TIME, COUNT)),
        np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0]]),
        np.ones((TIME // 5, COUNT, 2)),
    )


def test_every_weights_gradient_is_the_slope_of_the_loss(weights, batch, chance):
    gradient = backprop.losses(weights, batch)[2]
    for name, value in weights.items():
        for _ in range(3):
            at = tuple(int(chance.integers(size)) for size in value.shape)
            kept, step = value[at], 1e-5
            value[at] = kept + step
            above = sum(backprop.losses(weights, batch)[:2])
            value[at] = kept - step
            below = sum(backprop.losses(weights, batch)[:2])
            value[at] = kept
            assert gradient[name][at] == pytest.approx((above - below) / 2 / step, abs=1e-5, rel=1e-3), name


def test_a_call_that_is_heard_100_ms_at_a_time_is_heard_as_in_training(weights, batch):
    speech, odds = backprop.heard(weights, batch.inputs)
    listening = Listening(Network(weights))
    for step in range(TIME // 5):
        inputs = batch.inputs[step * 5 : step * 5 + 5, 0].astype(np.float32)
        (likely,) = network.hear([listening], inputs[None])
        assert listening.machine == pytest.approx(odds[step, 0, 0], abs=1e-4)
        assert listening.unreachable == pytest.approx(odds[step, 0, 1], abs=1e-4)
        assert likely == pytest.approx((1 / (1 + np.exp(-speech[step * 5 : step * 5 + 5, 0]))).tolist(), abs=1e-4)


def test_nothing_that_comes_later_changes_what_was_said_before(weights, batch):
    odds = backprop.heard(weights, batch.inputs)[1]
    changed = batch.inputs.copy()
    changed[20:] = 0
    assert np.array_equal(backprop.heard(weights, changed)[1][:4], odds[:4])


def test_adam_learns_what_sets_two_kinds_apart(chance):
    weights = backprop.start(INPUTS, chance, channels=8, wide=9, known=5, hidden=7)
    adam = backprop.Adam(weights)
    for _ in range(150):
        is_machine = (chance.random(16) < 0.5).astype(np.float32)
        inputs = chance.normal(0, 0.5, (TIME, 16, INPUTS)).astype(np.float32)
        inputs[5:9, is_machine > 0, 0] += 2
        speech = (inputs[..., 1] > 0).astype(np.float32)
        ones = np.ones((TIME, 16), np.float32)
        facts = np.stack([is_machine, is_machine], axis=1)
        batch = backprop.Batch(inputs, speech, ones, facts, np.ones((TIME // 5, 16, 2), np.float32))
        _, missed, gradient = backprop.losses(weights, batch)
        adam.step(weights, gradient, 0.01)
    assert missed < 0.35


def test_a_model_is_loaded_as_it_was_saved_but_for_a_bytes_digits(weights, tmp_path):
    saved = Model(Network(weights), Calibration(0.6, 0.1), Bars(silence_ms=510))
    save(saved, tmp_path / "model.npz")
    found = load(tmp_path / "model.npz")
    assert (found.calibration, found.bars) == (saved.calibration, saved.bars)
    for name, value in found.network.weights.items():
        wanted = saved.network.weights[name]
        assert value == pytest.approx(wanted, abs=float(np.abs(wanted).max()) / 250)


def test_a_model_that_is_no_better_is_not_replaced(monkeypatch, tmp_path, weights):
    in_use = Model(Network(weights), Calibration(1, 0), Bars())
    save(in_use, tmp_path / "model.npz")
    before = (tmp_path / "model.npz").read_bytes()
    monkeypatch.setattr(train.model, "MODEL", tmp_path / "model.npz")
    monkeypatch.setattr(train.model, "load", lambda: in_use)
    monkeypatch.setattr(train, "heard_by", lambda network, recordings: [])
    worths = {"candidate": 0.9, "in use": 0.9}
    monkeypatch.setattr(train, "worth_of", lambda of, known: worths["in use" if of is in_use else "candidate"])
    candidate = in_use._replace(bars=Bars(silence_ms=1))
    assert train.replace_if_better(candidate, []) == 1
    assert (tmp_path / "model.npz").read_bytes() == before
    worths["candidate"] = 0.91
    assert train.replace_if_better(candidate, []) == 0
    load.cache_clear()
    assert load(tmp_path / "model.npz").bars.silence_ms == 1


def heard(label, odds):
    """Return what is known of a recording that speaks from the answer on for 3.7 s, by its log-odds every 100 ms."""
    item = Item("1.wav", "validation", label, "talks", "ru", "v", 0, 3000, 40.0, "white")
    at = np.arange(100, 3800, 100)
    silent = np.zeros(len(at), np.int64)
    return item, Trace(at, at, silent, np.full(len(at), odds, np.float32), 0, None, 0, np.zeros(len(at), np.float32))


def test_an_echo_chooses_between_bars_that_are_as_good_without():
    plain = [heard("human", -6.0), heard("machine", 6.0)]
    person, echoed = heard("human", -6.0)
    echoed.odds[8:15] = 6.0
    surely = Calibration(1.0, 0.0)
    assert train.choose_bars(surely, plain).earliest_ms < 1500
    assert train.choose_bars(surely, plain, [(person, echoed), heard("machine", 6.0)]).earliest_ms > 1500
