"""A file is either heard right or refused in one sentence; oracles are signals whose samples we wrote ourselves."""

from __future__ import annotations

import hashlib
import math
import os
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser_core import audio, resampling
from ser_core.errors import BadInput

SECOND = np.arange(16_000) / 16_000
TONE = (0.5 * np.sin(2 * np.pi * 440 * SECOND)).astype(np.float32)


def written(path: Path, samples: np.ndarray = TONE, rate_hz: int = 16_000, **how) -> Path:
    soundfile.write(path, samples, rate_hz, **how)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        audio.inspect(path)
    (problem,) = caught.value.problems
    assert problem.file == path
    with pytest.raises(BadInput):
        audio.read(path)
    return problem.what


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def test_the_facts_of_a_tone_are_those_of_its_formula(tmp_path):
    facts = audio.inspect(written(tmp_path / "a.wav"))
    assert (facts.duration_s, facts.sample_rate, facts.channels, facts.frames) == (1.0, 16_000, 1, 16_000)
    assert facts.peak == pytest.approx(0.5, abs=1e-3)
    assert facts.rms_db == pytest.approx(20 * math.log10(0.5 / math.sqrt(2)), abs=0.01)
    assert facts.clipped == 0
    assert facts.format == "WAV PCM_16"


def test_samples_at_full_scale_are_counted(tmp_path):
    square = np.where(SECOND < 0.25, 1.0, 0.1 * np.sin(900 * SECOND))
    assert audio.inspect(written(tmp_path / "a.wav", square)).clipped == pytest.approx(0.25, abs=1e-3)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 24_414, 44_100, 48_000, 96_000])
def test_a_tone_stays_the_same_tone_at_16_khz_whatever_rate_it_came_in(tmp_path, rate_hz):
    times = np.arange(rate_hz * 2) / rate_hz
    samples = audio.read(written(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 440 * times), rate_hz, subtype="FLOAT"))
    assert samples.dtype == np.float32
    assert len(samples) == math.ceil(2 * 16_000)
    wanted = 0.5 * np.sin(2 * np.pi * 440 * np.arange(len(samples)) / 16_000)
    middle = slice(800, -800)  # the filter has nothing to stand on beyond the ends
    assert np.abs(samples[middle] - wanted[middle]).max() < 1e-5  # 100 dB below full scale


def test_what_lies_above_8_khz_is_removed_and_not_folded_down(tmp_path):
    times = np.arange(48_000) / 48_000
    path = written(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 12_000 * times), 48_000)
    assert np.abs(audio.read(path)[800:-800]).max() < 1e-5


def slowly(samples: np.ndarray, rate_hz: int, n: int) -> float:
    """Output sample n by the formula: a windowed sinc around its moment, term by term, added without any rounding."""
    half = rate_hz / min(rate_hz, 16_000) * 64
    moment = n * rate_hz / 16_000
    terms = []
    for k in range(max(0, math.ceil(moment - half)), min(len(samples) - 1, math.floor(moment + half)) + 1):
        at = (moment - k) * min(rate_hz, 16_000) / rate_hz
        window = np.i0(0.1102 * 91.3 * math.sqrt(max(0, 1 - (at / 64) ** 2))) / np.i0(0.1102 * 91.3)
        terms.append(samples[k] * 0.95 * np.sinc(0.95 * at) * window * min(1, 16_000 / rate_hz))
    return math.fsum(terms)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 24_414, 44_100, 48_000])
def test_a_resampled_sample_is_the_sum_that_the_formula_says(tmp_path, rate_hz):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, rate_hz)
    heard = audio.read(written(tmp_path / "a.wav", noise, rate_hz, subtype="DOUBLE"))
    for n in (0, 1, 777, 8_000, len(heard) - 1):
        assert heard[n] == pytest.approx(slowly(noise.astype(np.float32), rate_hz, n), abs=5e-7)


@pytest.mark.parametrize("length", [1, 2, 100, 44_099])
def test_a_resampled_clip_lasts_as_long_as_before(tmp_path, length):
    clip = np.random.default_rng(0).uniform(-0.5, 0.5, length)
    clip[0] = 0.5
    path = written(tmp_path / "a.wav", np.append(clip, -0.5), 44_100)
    assert len(audio.read(path)) == math.ceil((length + 1) * 16_000 / 44_100)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 24_414, 48_000])
def test_a_clip_in_blocks_is_the_clip_as_a_whole(tmp_path, monkeypatch, rate_hz):
    path = written(tmp_path / "a.wav", np.random.default_rng(0).uniform(-0.5, 0.5, (3 * rate_hz + 7, 2)), rate_hz)
    whole = audio.read(path)
    for frames in (1_000, 2_003, 4_099):
        monkeypatch.setattr(audio, "_BLOCK", frames)
        blocks = list(audio.stream(path))
        assert len(blocks) > 5
        assert np.array_equal(np.concatenate(blocks), whole)


@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 48_000])
def test_the_order_in_which_a_machine_adds_changes_no_sample(tmp_path, rate_hz):
    loud = np.sign(np.random.default_rng(0).standard_normal(4_000)) * (1 - 2**-23)  # 24 bits, as loud as can be
    path = written(tmp_path / "a.wav", loud, rate_hz, subtype="PCM_24")
    up, down, reach, bank = resampling.filters(rate_hz)
    laid = np.concatenate([np.zeros(reach), soundfile.read(path)[0], np.zeros(down + reach)])
    begin, taps = bank[-1]
    row = laid[down + begin : down + begin + len(taps)]
    forth, back, exact = (row[:, None] * taps).cumsum(axis=0)[-1], (row[:, None] * taps)[::-1].cumsum(axis=0)[-1], row @ taps
    assert np.array_equal(forth, back)
    assert np.array_equal(forth, exact)
    assert all(math.fsum(row * column) == total for column, total in zip(taps.T, forth, strict=True))
    assert np.array_equal(audio.read(path)[up : 2 * up][-taps.shape[1] :], forth.astype(np.float32))


FILTERS = {
    8_000: "7c292cefab52be29a234e4340b9804d7d8af852909c79d4a70935af5fd754fc4",
    11_025: "468b00c5cf03b7ed5007d3bb4a33f084c507f37af3755ebd5f25b50e2bc22f5d",
    22_050: "700040d4001f0982b69552a34de76146c50712a7c7481e49f2c2d7a91990ab3b",
    24_000: "4700a660a39e2d8d2162379cef2858f1fe21fb22eba72ab203ee9c76dc90ca97",
    32_000: "1488a2431926f1c2b3e36d7d2da749b1d48dc2f64578896299c708331624eb0b",
    44_100: "5064e386433c0a1078caf957d36c4cba9b73059217d10a0cc78d38a044d43cac",
    48_000: "19664565e656c4b8de3c2fd75c99011c88b292940e06ee6fa97305d00c9d8815",
    96_000: "7c7119074f18bd585d88b5c8c47ae4cf3bb05b9db4e9100a2ed1c0b5dcd0726f",
}


@pytest.mark.parametrize("rate_hz", FILTERS)
def test_the_filters_are_the_same_on_every_machine(rate_hz):
    every = [taps for _, matrix in resampling.filters(rate_hz)[3] for taps in matrix.T]
    first = every[: 16_000 // math.gcd(rate_hz, 16_000)]  # then they repeat
    digest = hashlib.sha256(b"".join(taps[taps != 0].astype("<f8").tobytes() for taps in first)).hexdigest()
    assert digest == FILTERS[rate_hz]


def test_a_clip_of_three_hours_is_streamed_in_the_memory_of_a_minute(tmp_path):
    path = written(tmp_path / "a.wav", TONE)
    content = bytearray(path.read_bytes())
    size = 3 * 3600 * 32_000
    content[4:8] = struct.pack("<I", size + 36)
    at = content.index(b"data") + 4
    content[at : at + 4] = struct.pack("<I", size)
    path.write_bytes(content)
    os.truncate(path, at + 4 + size)  # a second of tone, then a hole in the file that reads as zeros
    tracemalloc.start()
    try:
        samples = sum(len(block) for block in audio.stream(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert samples == 3 * 3600 * 16_000
    assert peak < 32e6


@pytest.mark.parametrize("rate_hz", [1, 999, 5_000_000])
def test_a_rate_that_no_speech_is_recorded_at_is_refused(tmp_path, rate_hz):
    assert f"has a sample rate of {rate_hz} Hz" in refusal(written(tmp_path / "a.wav", rate_hz=rate_hz))


def test_channels_that_cancel_each_other_are_refused_as_silent(tmp_path):
    assert "cancel each other" in refusal(written(tmp_path / "a.wav", np.stack([TONE, -TONE], axis=1)))


def test_a_clip_that_lies_wholly_above_8_khz_is_refused_by_whoever_listens(tmp_path):
    swelling = np.tile([0.0, 0.5, 0.0, -0.5], 2_400) * np.hanning(9_600)  # 24 kHz; a sudden start would be heard
    path = written(tmp_path / "a.wav", swelling, 96_000)
    with pytest.raises(BadInput, match="is silent at 16 kHz"):
        audio.read(path)


def test_channels_are_averaged(tmp_path):
    stereo = np.stack([TONE, np.zeros_like(TONE)], axis=1)
    heard = audio.read(written(tmp_path / "a.wav", stereo, subtype="FLOAT"))
    assert np.abs(heard - TONE / 2).max() < 1e-6


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_every_format_that_studies_use_is_read(tmp_path, ending):
    facts = audio.inspect(written(tmp_path / f"a.{ending}", np.tile(TONE, 3)))
    assert facts.frames == 48_000
    assert len(audio.read(tmp_path / f"a.{ending}")) == 48_000


def test_the_content_decides_and_not_the_ending(tmp_path):
    written(tmp_path / "a.flac").rename(tmp_path / "a.wav")
    assert audio.inspect(tmp_path / "a.wav").format == "FLAC PCM_16"


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_width_of_sample_is_read(tmp_path, subtype):
    assert audio.inspect(written(tmp_path / "a.wav", subtype=subtype)).peak == pytest.approx(0.5, abs=0.01)


def test_a_clip_longer_than_a_block_is_measured_as_a_whole(tmp_path):
    long = np.tile(TONE, 40)
    long[-1] = 0.9
    assert audio.inspect(written(tmp_path / "a.wav", long)).peak == pytest.approx(0.9, abs=1e-3)


def test_a_missing_file_is_named(tmp_path):
    assert refusal(tmp_path / "gone.wav") == "there is no such file"


def test_a_folder_is_not_a_clip(tmp_path):
    assert refusal(tmp_path) == "is not a file"


def test_a_file_of_0_bytes_is_empty(tmp_path):
    (tmp_path / "a.wav").touch()
    assert refusal(tmp_path / "a.wav") == "is empty (0 bytes)"


def test_a_file_of_0_samples_says_so(tmp_path):
    assert refusal(written(tmp_path / "a.wav", np.zeros(0))) == "holds 0 samples"


def test_a_file_of_one_byte_is_not_sound(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"R")
    assert "is not a sound file" in refusal(tmp_path / "a.wav")


@pytest.mark.parametrize("offset", [0.0, 0.5])
def test_a_silent_file_is_refused_with_its_level_whatever_its_offset(tmp_path, offset):
    what = refusal(written(tmp_path / "a.wav", np.full(16_000, offset)))
    assert what.startswith(f"is silent: all its samples lie within 0.002 of full scale (from {offset:.2g} to {offset:.2g})")


def test_the_softest_speech_of_a_real_corpus_is_not_silence(tmp_path):
    assert audio.inspect(written(tmp_path / "a.wav", TONE * 0.016)).peak == pytest.approx(0.008, abs=1e-4)


@pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
@pytest.mark.parametrize("ending", ["wav", "aiff", "flac", "ogg", "mp3"])
def test_a_truncated_file_is_named_with_its_reason(tmp_path, ending, share):
    assert "truncated" in refusal(cut(written(tmp_path / f"a.{ending}", np.tile(TONE, 3)), share))


def test_a_wav_file_that_lacks_one_sample_is_truncated(tmp_path):
    path = written(tmp_path / "a.wav")
    path.write_bytes(path.read_bytes()[:-2])
    assert "promises 32000 bytes of sound and 31998 are there" in refusal(path)


def test_a_wav_file_that_ends_in_its_header_is_truncated(tmp_path):
    path = written(tmp_path / "a.wav")
    path.write_bytes(path.read_bytes()[:30])
    assert "ends before its sound begins" in refusal(path)


def test_a_wav_file_written_to_a_pipe_promises_nothing_and_is_whole(tmp_path):
    path = written(tmp_path / "a.wav")
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = content[4:8] = struct.pack("<I", 0xFFFF_FFFF)
    path.write_bytes(content)
    assert audio.inspect(path).frames == 16_000


def test_chunks_before_and_after_the_sound_do_not_make_it_truncated(tmp_path):
    path = written(tmp_path / "a.wav")
    content = path.read_bytes()
    odd = b"LIST" + struct.pack("<I", 5) + b"INFO!" + b"\0"  # an odd size, and the byte that pads it
    path.write_bytes(content[:12] + odd + content[12:] + odd)
    assert audio.inspect(path).frames == 16_000


@pytest.mark.parametrize("content", [b"<html>404</html>" * 200, b"\x89PNG\r\n\x1a\n" + bytes(999), bytes(4000)])
def test_a_file_that_is_not_sound_is_refused(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    assert refusal(tmp_path / "a.wav").startswith("is not a sound file we can read")


def test_samples_without_a_header_are_refused(tmp_path):
    (tmp_path / "a.raw").write_bytes(bytes(4000))
    assert "no header" in refusal(tmp_path / "a.raw")


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_samples_that_are_not_numbers_are_refused(tmp_path, wrong):
    samples = TONE.copy()
    samples[7000] = wrong
    assert "not numbers" in refusal(written(tmp_path / "a.wav", samples, subtype="FLOAT"))


def test_the_hash_is_that_of_the_bytes(tmp_path):
    path = written(tmp_path / "a.wav")
    assert audio.sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_hash_of_a_missing_file_and_of_a_pipe_that_nobody_fills_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    for name, why in (("gone.wav", "there is no such file"), ("pipe.wav", "is not a file")):
        with pytest.raises(BadInput, match=why):
            audio.sha256(tmp_path / name)


def test_no_real_clip_is_refused_and_its_length_is_the_one_on_record(shared):
    import csv

    folder = shared / "corpora" / "RAVDESS"
    with (folder / "MANIFEST.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        facts = audio.inspect(folder / row["path"])
        assert facts.duration_s == pytest.approx(float(row["seconds"]), abs=1e-4)
        assert (facts.sample_rate, facts.channels) == (int(row["sample_rate"]), int(row["channels"]))


def test_importing_it_loads_neither_torch_nor_scipy():
    code = "import sys, ser_core.audio; sys.exit(bool({'torch', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["n" * 300 + ".wav", "nul\0.wav", "file.wav/clip.wav"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path, name):
    written(tmp_path / "file.wav")
    assert refusal(tmp_path / name) in ("there is no such file", "cannot be read: File name too long")


def test_eight_channels_are_heard_and_nine_are_refused(tmp_path):
    assert audio.inspect(written(tmp_path / "8.wav", np.stack([TONE] * 8, axis=1))).channels == 8
    said = refusal(written(tmp_path / "9.wav", np.stack([TONE] * 9, axis=1)))
    assert said == "has 9 channels; FLAC and our player carry at most 8. Mix it down to mono or stereo"
