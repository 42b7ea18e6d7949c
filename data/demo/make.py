"""Make the demo study's clips: espeak-ng speaks plain sentences, and rules from the literature put emotions on them.

Decides which sentence is spoken by which voice with which emotion, and writes ``clips/`` with ``stimuli.csv`` (heard by
listeners and models) and ``training/`` (heard by models only; other sentences, other voices). Run it as
``python data/demo/make.py``; it needs Debian's ``espeak-ng`` (see README.md for the version that made the committed files).

Conventions
    Samples are float64 in [-1, 1], mono, at ``RATE`` Hz. Levels are dB relative to full scale, pitch is in semitones (st).

References
    [JL03] P. Juslin, P. Laukka: Communication of emotions in vocal expression and music performance: different channels,
        same code? Psychological Bulletin 129(5), 770-814, 2003. A review of 104 studies; its summary of acoustic cues.
    [M98] S. Mozziconacci: Speech variability and emotion: production and perception. PhD thesis, TU Eindhoven, 1998.
        Values at which resynthesised Dutch sentences were heard as the emotion.
    [BS00] F. Burkhardt, W. Sendlmeier: Verification of acoustical correlates of emotional speech using formant-synthesis.
        ISCA Workshop on Speech and Emotion, 2000. The same idea as here: rules on a formant synthesiser.
"""

from __future__ import annotations

import csv
import hashlib
import io
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

HERE = Path(__file__).resolve().parent
RATE = 16000
Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Cues:
    """How an emotion differs from the same sentence spoken neutrally by the same voice."""

    pitch_st: float  # mean F0
    range_: float  # F0 movements, as a factor
    duration: float  # of the whole sentence, as a factor
    level_db: float
    tilt_db: float  # energy above ``TILT_HZ`` relative to that below


# The directions are [JL03]'s: anger and happiness fast, loud, with raised and lively F0 and energy in the high frequencies
# (both "high" for anger, "medium to high" for happiness); sadness slow, soft, with low and narrow F0 and a dull spectrum.
# Durations are [M98]'s (79, 83 and 129 % of neutral), and so is joy's pitch level above that of anger. All other amounts
# are ours, chosen small enough to keep the levels comfortable and Mandarin's tones whole.
RULES = {
    "angry": Cues(pitch_st=2.0, range_=1.5, duration=0.79, level_db=3.0, tilt_db=5.0),
    "happy": Cues(pitch_st=4.0, range_=1.6, duration=0.83, level_db=1.5, tilt_db=2.0),
    "neutral": Cues(pitch_st=0.0, range_=1.0, duration=1.0, level_db=0.0, tilt_db=0.0),
    "sad": Cues(pitch_st=-2.0, range_=0.55, duration=1.29, level_db=-3.0, tilt_db=-4.0),
}
# No speaker says two sentences with quite the same prosody. Half the width of the even spread added to each cue: wide
# enough that no single number tells the emotions apart, narrow enough that on average every rule still holds.
SPREAD = Cues(pitch_st=1.2, range_=0.15, duration=0.06, level_db=1.5, tilt_db=1.5)
TILT_HZ = 1000.0
NEUTRAL_DB = -26.0  # leaves an angry male voice, whose peaks stand 20 dB above its mean, below full scale
PAD_S = 0.1
BITS = 13  # of 16: the noise lies 50 dB below the voice, and FLAC stores none of the empty bits, so all fits into 5 MB


@dataclass(frozen=True)
class Language:
    """A language tag, espeak-ng's voice for it, and how that voice speaks neutrally."""

    voice: str
    words_per_minute: int
    lean_st: float  # espeak-ng widens F0 upwards from a floor: how far the mean rises when the range doubles
    transposed_st: float = 0.0  # espeak-ng's Mandarin tones lie lower than the intonation of its other voices


# "cmn" itself would not do: espeak-ng 1.51 turns Hanzi into pinyin and then reads the pinyin as English words.
LANGUAGES = {
    "cmn": Language("cmn-latn-pinyin", 190, lean_st=0.0, transposed_st=3.0),
    "de": Language("de", 155, lean_st=1.9),
    "en": Language("en-gb-x-rp", 155, lean_st=1.9),
    "en-scotland": Language("en-gb-scotland", 155, lean_st=1.9),
}
# Sentences that say nothing about a feeling. Mandarin is handed over in pinyin, which keeps its tones under our control
# (5 is the neutral tone); the Hanzi stand beside it for the reader.
TEST = {
    "cmn-1": "ta1 ba3 yao4 shi5 fang4 zai4 zhuo1 zi5 shang5.",  # 他把钥匙放在桌子上。
    "cmn-2": "zhe4 tang4 che1 mei3 tian1 zao3 shang5 ba1 dian3 kai1.",  # 这趟车每天早上八点开。
    "cmn-3": "ta1 zhu4 zai4 san1 lou2 zuo3 bian5 na4 jian1.",  # 她住在三楼左边那间。
    "de-1": "Die Jacke hängt hinter der Tür.",
    "de-2": "Der Bus fährt jeden Morgen um acht.",
    "de-3": "Sie wohnt im dritten Stock links.",
    "en-1": "The jacket is behind the door.",
    "en-2": "The bus leaves at eight every morning.",
    "en-3": "She lives on the third floor.",
}
TRAINING = {
    "cmn-4": "shu1 jia4 shang5 you3 san1 ben3 jiu4 ci2 dian3.",  # 书架上有三本旧词典。
    "cmn-5": "tu2 shu1 guan3 zai4 you2 ju2 de5 dui4 mian4.",  # 图书馆在邮局的对面。
    "cmn-6": "xia4 wu3 ta1 men5 qu4 mai3 le5 mian4 bao1.",  # 下午他们去买了面包。
    "cmn-7": "na4 ba3 yi3 zi5 shi4 mu4 tou5 zuo4 de5.",  # 那把椅子是木头做的。
    "de-4": "Im Regal stehen drei alte Bücher.",
    "de-5": "Die Post ist gegenüber vom Rathaus.",
    "de-6": "Am Nachmittag kaufen sie dort Brot.",
    "de-7": "Der Stuhl dort ist aus Holz.",
    "en-4": "There are three old books on the shelf.",
    "en-5": "The library is across from the bank.",
    "en-6": "They bought some bread in the afternoon.",
    "en-7": "That chair over there is made of wood.",
}
PRACTICE = {"en-0": "The meeting starts at half past two."}
TEST_VOICES = ("f1", "m1", "f4")  # espeak-ng's variants; these two sets share none
TRAINING_VOICES = ("f2", "m3", "m6")
TEXT = TEST | TRAINING | PRACTICE


@dataclass(frozen=True)
class Clip:
    """What one clip is to be: nothing here is random, everything that is drawn follows from it."""

    part: str
    language: str
    sentence: str
    voice: str
    emotion: str

    @property
    def gender(self) -> str:
        """Of the espeak-ng variant."""
        return "female" if self.voice.startswith("f") else "male"


def study_part() -> list[Clip]:
    """The study's clips: every sentence by one voice with each emotion; the dialect has two of English's sentences."""
    spoken = [(s.partition("-")[0], s, TEST_VOICES[int(s[-1]) - 1]) for s in TEST]
    spoken += [("en-scotland", s, voice) for s, voice in zip(("en-1", "en-2"), TEST_VOICES, strict=False)]
    clips = [Clip("test", language, s, voice, emotion) for language, s, voice in spoken for emotion in RULES]
    return [*clips, Clip("practice", "en", "en-0", TEST_VOICES[2], "happy")]


def marking_part() -> list[tuple[str, list[Clip]]]:
    """Clips to mark a part of, named: one voice says two or three sentences, one of them with an emotion."""
    order = {
        "angry": ("en", ("neutral", "angry")),
        "happy": ("de", ("happy", "neutral")),
        "sad": ("cmn", ("neutral", "sad")),
    }
    return [
        (emotion, [Clip("mark", language, f"{language}-{n + 1}", TEST_VOICES[2], e) for n, e in enumerate(emotions)])
        for emotion, (language, emotions) in order.items()
    ]


def training_part() -> list[Clip]:
    """The models' clips: every sentence by every training voice with each emotion."""
    return [Clip("train", s.partition("-")[0], s, v, e) for s in TRAINING for v in TRAINING_VOICES for e in RULES]


def render(clip: Clip) -> Samples:
    """Speak one clip: espeak-ng sets pitch, range and rate, then spectrum and level are set here."""
    cues = _drawn(clip)
    sound = _trimmed(_spoken(clip, cues))
    sound = _tilted(sound, cues.tilt_db)
    sound *= 10 ** ((NEUTRAL_DB + cues.level_db) / 20) / np.sqrt(np.mean(sound**2))
    if np.abs(sound).max() >= 1:
        raise ValueError(f"{clip} would clip; lower NEUTRAL_DB")
    return np.pad(np.round(sound * 2 ** (BITS - 1)) / 2 ** (BITS - 1), round(PAD_S * RATE))


def _drawn(clip: Clip) -> Cues:
    """The rule of the clip's emotion, plus what varies from clip to clip."""
    rule = RULES[clip.emotion]
    seed = zlib.crc32(f"{clip.language} {clip.sentence} {clip.voice} {clip.emotion}".encode())
    draw = np.random.default_rng(seed).uniform(-1, 1, size=5)
    return Cues(
        pitch_st=rule.pitch_st + SPREAD.pitch_st * draw[0],
        range_=rule.range_ * (1 + SPREAD.range_ * draw[1]),
        duration=rule.duration * (1 + SPREAD.duration * draw[2]),
        level_db=rule.level_db + SPREAD.level_db * draw[3],
        tilt_db=rule.tilt_db + SPREAD.tilt_db * draw[4],
    )


def _spoken(clip: Clip, cues: Cues) -> Samples:
    language = LANGUAGES[clip.language]
    shift_st = cues.pitch_st + language.transposed_st - language.lean_st * (cues.range_ - 1)
    # Measured on these voices: one unit of -p is about 0.18 st near its middle, 50.
    pitch = round(50 + shift_st / 0.18)
    wpm = round(language.words_per_minute / cues.duration)
    markup = f'<speak><prosody range="{100 * cues.range_:.0f}%">{TEXT[clip.sentence]}</prosody></speak>'
    command = ["espeak-ng", "-v", f"{language.voice}+{clip.voice}", "-p", str(pitch), "-s", str(wpm), "-z", "-m", "--stdout"]
    wav = subprocess.run([*command, markup], capture_output=True, check=True).stdout
    sound, rate = soundfile.read(io.BytesIO(wav))
    spoken: Samples = resample_poly(sound, 320, 320 * rate // RATE)  # 22 050 Hz: 320 / 441
    return spoken


def _trimmed(sound: Samples) -> Samples:
    """Without the pauses at both ends (softer than the loudest sample by more than 46 dB)."""
    heard = np.flatnonzero(np.abs(sound) > 0.005 * np.abs(sound).max())
    return sound[heard[0] : heard[-1] + 1]


def _tilted(sound: Samples, tilt_db: float) -> Samples:
    """A first-order shelf: what lies above ``TILT_HZ`` is raised by ``tilt_db``."""
    low: Samples = sosfilt(butter(1, TILT_HZ, fs=RATE, output="sos"), sound)
    return low + 10 ** (tilt_db / 20) * (sound - low)


def write(clips: list[Clip], folder: Path, prefix: str) -> None:
    """Render the clips into ``folder/clips`` and list them in ``folder/stimuli.csv``.

    Numbers are dealt by lot, so that neither a file's name nor its place tells what is said in it.
    """
    (folder / "clips").mkdir(parents=True, exist_ok=True)
    for old in (folder / "clips").glob("*.flac"):
        old.unlink()
    lot = np.random.default_rng(len(clips)).permutation(len(clips))
    rows = list(_rows([clips[i] for i in lot], folder, prefix))
    if folder == HERE:
        rows += _marking_rows(len(rows) + 1)
    with (folder / "stimuli.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def _rows(clips: list[Clip], folder: Path, prefix: str) -> Iterator[dict[str, str]]:
    for number, clip in enumerate(clips, start=1):
        path = folder / "clips" / f"{prefix}{number:03d}.flac"
        yield _row(path, render(clip), folder, clip)


def _marking_rows(first: int) -> Iterator[dict[str, str]]:
    for number, (emotion, clips) in enumerate(marking_part(), start=first):
        sounds = [render(clip) for clip in clips]
        edges_s = np.cumsum([0, *map(len, sounds)]) / RATE
        at = next(i for i, clip in enumerate(clips) if clip.emotion == emotion)
        row = _row(HERE / "clips" / f"c{number:03d}.flac", np.concatenate(sounds), HERE, clips[at])
        sentences = "+".join(clip.sentence for clip in clips)
        start_s, end_s = edges_s[at] + PAD_S, edges_s[at + 1] - PAD_S
        yield row | {"sentence": sentences, "truth_start_s": f"{start_s:.4f}", "truth_end_s": f"{end_s:.4f}"}


def _row(path: Path, sound: Samples, folder: Path, clip: Clip) -> dict[str, str]:
    soundfile.write(path, sound, RATE, format="FLAC", subtype="PCM_16", compression_level=1.0)
    return {
        "stimulus": path.stem,
        "file": path.relative_to(folder).as_posix(),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "corpus": "demo",
        "language": clip.language,
        "speaker": f"{clip.language}-{clip.voice}",
        "duration_s": f"{len(sound) / RATE:.4f}",
        "truth": clip.emotion,
        "truth_start_s": "",
        "truth_end_s": "",
        "part": clip.part,
        "sentence": clip.sentence,
        "gender": clip.gender,
        "synthetic": "yes",
    }


def main() -> None:
    """Write both parts."""
    write(study_part(), HERE, "c")
    write(training_part(), HERE / "training", "t")
    files = sorted(HERE.rglob("*.flac"))
    print(f"{len(files)} clips, {sum(f.stat().st_size for f in files) / 1e6:.2f} MB, in {HERE}")


if __name__ == "__main__":
    main()
