"""Small trees that lie and are named as the corpora do, with their awkward cases, filled with made-up voices."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

from tests.ser_core.voices import PITCH_HZ, clip

ESD_BLOCKS = ("Neutral", "Angry", "Happy", "Sad", "Surprise")
EMOTIONS = ("angry", "happy", "neutral", "sad")
ESD_SPEAKERS = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Three women, three men."""


def esd(root: Path, *, speakers: Iterable[str] = ESD_SPEAKERS, sentences: Iterable[int] = range(21, 45)) -> Path:
    """Sentences ``sentences`` (1 to 350) of four emotions; the last speakers' emotions are parted into splits."""
    for speaker in speakers:
        for block, folder in enumerate(ESD_BLOCKS[:4]):
            for sentence in sentences:
                number = block * 350 + sentence
                split = "test/" if speaker > "0003" and sentence < 51 else ""
                path = root / "ESD" / speaker / folder / split / f"{speaker}_{number:06d}.wav"
                clip(path, folder.lower(), seconds=0.1)
        (root / "ESD" / speaker / f"{speaker}.txt").write_text("", encoding="utf-16")
    return root


def pavoque(root: Path, *, per_style: int = 30, styles: Iterable[str] = EMOTIONS) -> Path:
    """One long recording for each style, and its table: plain sentences, the first of them with a second take."""
    root.mkdir(parents=True, exist_ok=True)
    for style in styles:
        prompts = ["m0001a", *(f"m{n:04d}" for n in range(1, per_style + 1)), f"{CHARACTERS[style]}0001"]
        entries, parts = [], []
        for n, prompt in enumerate(prompts):
            rng = np.random.default_rng([n, EMOTIONS.index(style) if style in EMOTIONS else 9])
            times = np.arange(4410) / 44_100
            parts.append(0.3 * np.sin(2 * np.pi * PITCH_HZ.get(style, 600) * times) + 0.1 * rng.uniform(-1, 1, 4410))
            entries.append(
                f"- prompt: {prompt}\n  text: 'Satz {prompt}: Ja.'\n  style: {style}\n"
                f"  start: {n / 10}\n  end: {(n + 1) / 10:g}\n"
                "  segments:\n  - {lab: H#, end: 0.05}\n"
            )
        soundfile.write(root / f"pavoque-{style}.flac", np.concatenate(parts), 44_100, subtype="PCM_24")
        (root / f"pavoque-{style}.yaml").write_text("".join(entries), encoding="utf-8")
    return root


CHARACTERS = {"angry": "spike", "happy": "poppy", "sad": "obadiah", "neutral": "prudence", "poker": "poker_n"}
CODES = {"angry": ("ang",), "happy": ("hap", "exc", "exc"), "neutral": ("neu",), "sad": ("sad",)}


def iemocap(root: Path, *, sessions: Iterable[int] = (1, 2, 3), per_emotion: int = 8) -> Path:
    """So many improvised turns of each speaker and emotion, and a scripted one of each."""
    for session in sessions:
        for style in ("impro01", "script02_1"):
            dialogue = f"Ses0{session}F_{style}"
            lines, turn = [], 0
            for gender in "FM":
                for emotion in EMOTIONS:
                    for take in range(per_emotion if style == "impro01" else 1):
                        name = f"{dialogue}_{gender}{turn:03d}"
                        turn += 1
                        code = CODES[emotion][take % len(CODES[emotion])]
                        folder = root / f"Session{session}"
                        clip(folder / "sentences" / "wav" / dialogue / f"{name}.wav", emotion, seconds=0.1)
                        lines.append(f"[{turn:.4f} - {turn + 0.1:.4f}]\t{name}\t{code}\t[2.5000, 2.5000, 2.5000]")
                        lines += [f"C-E2:\t{emotion};\t()", "A-E3:\tval 3; act 2; dom  2;\t()", ""]
            table = folder / "dialog" / "EmoEvaluation" / f"{dialogue}.txt"
            table.parent.mkdir(parents=True, exist_ok=True)
            table.write_text("% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n" + "\n".join(lines))
    return root


def zed(root: Path, *, speakers: int = 30, emotions: Iterable[str] = ("angry", "happy", "sad")) -> Path:
    """Two clips of each speaker and emotion; the emotion stands in the middle of each."""
    told = {}
    for speaker in range(1, speakers + 1):
        for n, emotion in enumerate(emotions):
            for take in (1, 2):
                id_ = f"spk{speaker}_{2 * n + take}"
                clip(root / "wavs" / f"{id_}.wav", emotion, seconds=0.4)
                told[id_] = {
                    "wav": f"datafolder/wavs/{id_}.wav",
                    "duration": 0.4,
                    "emotion": [{"emo": emotion, "start": 0.1, "end": 0.3}],
                    "transcription": f"line {id_}",
                }
    (root / "ZED.json").write_text(json.dumps(told, indent=2))
    return root


def tianjin(root: Path, *, per_emotion: int = 5) -> Path:
    """A researcher's own dialect clips: a folder with a stimuli.csv."""
    rows = ["stimulus,file,language,speaker,truth,function"]
    for emotion, function in (("angry", "negation"), ("happy", "expectation")):
        for n in range(per_emotion):
            clip(root / f"{function}{n}.wav", emotion, seconds=0.1)
            rows.append(f"{function}{n},{function}{n}.wav,cmn-x-tianjin,tj{n % 2},{emotion},{function}")
    (root / "stimuli.csv").write_text("\n".join(rows) + "\n")
    return root


# --- the corpora of the other papers, with the awkward cases of each -------------------------------------------------


def blank(path: Path, *, rate_hz: int = 16_000, channels: int = 1) -> Path:
    """A short clip that no other equals; a suffix that libsndfile can write."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(zlib.crc32("/".join(path.parts[-3:]).encode("utf-8", "surrogateescape")))
    soundfile.write(path, rng.uniform(-0.5, 0.5, (rate_hz // 20 + int(rng.integers(rate_hz // 20)), channels)), rate_hz)
    return path


def tree(root: Path, *names: str) -> Path:
    """A folder with clips of these names."""
    for name in names:
        blank(root / name)
    return root


def emovo(root: Path) -> Path:
    """Two actors, all of one sentence, one in stereo at 48 kHz as published."""
    for speaker in ("f2", "m1"):
        tree(root / "EMOVO" / speaker, *(f"{e}-{speaker}-b1.wav" for e in ("neu", "dis", "gio", "pau", "rab", "sor", "tri")))
    blank(root / "EMOVO" / "f2" / "neu-f2-d2.wav", rate_hz=48_000, channels=2)
    return root


def urdu(root: Path) -> Path:
    """Numbers with and without zeros before them."""
    return tree(
        root, "Angry/SM1_F4_A04.wav", "Angry/SM1_F11_A011.wav", "Happy/SF7_F2_H02.wav", "Neutral/SM5_F36_N064.wav",
        "Sad/SM6_F4_S0100.wav",
    )  # fmt: skip


def cafe(root: Path) -> Path:
    """Accents whole, composed of two letters as macOS does, and garbled as archives do."""
    return tree(
        root, "Colère/Fort/01-C-2-1.wav", "Cole\u0300re/Faible/02-C-1-1.wav", "D‚go–t/Fort/04-D-2-6.wav",
        "Joie/Fort/12-J-2-1.wav", "Neutre/07-N-1-3.wav", "Peur/Faible/09-P-1-2.wav",
        "Surprise/Fort/10-S-2-5.wav", "Tristesse/Faible/11-T-1-4.wav",
    )  # fmt: skip


def savee(root: Path) -> Path:
    """As published for one speaker, as in copies for another."""
    codes = ("a01", "d15", "f02", "h03", "n30", "sa01", "su15")
    tree(root / "AudioData" / "DC", *(f"{code}.wav" for code in codes))
    tree(root / "ALL", *(f"KL_{code}.wav" for code in codes))
    return root


def tess(root: Path) -> Path:
    """Folders with capitals here and there, a lost letter, and the whole set again in a folder of the same name."""
    names = (
        "OAF_angry/OAF_back_angry.wav", "OAF_Fear/OAF_back_fear.wav", "OAF_Pleasant_surprise/OAF_back_ps.wav",
        "OAF_neutral/OA_bite_neutral.wav", "YAF_pleasant_surprised/YAF_back_ps.wav", "YAF_disgust/YAF_back_disgust.wav",
        "OAF_Sad/OAF_back_sad.wav", "YAF_happy/YAF_back_happy.wav",
    )  # fmt: skip
    top = "TESS Toronto emotional speech set data"
    tree(root / top, *names)
    tree(root / top / top, *names)
    return root


def shemo(root: Path) -> Path:
    """Numbers of two and three digits, and the revision's table, which disagrees about one clip."""
    tree(root, "female/F21N05.wav", "female/F05A102.wav", "male/M01F01.wav", "male/M01W02.wav", "male/M33S11.wav")
    entries = {"F21N05.wav": "neutral", "F05A102.wav": "sadness", "M01F01": "fear"}
    told = {name: {"emotion": emotion, "transcript": "…"} for name, emotion in entries.items()}
    (root / "modified_shemo.json").write_text(json.dumps(told), encoding="utf-8")
    return root


def subesco(root: Path) -> Path:
    """The one name with a bracket; a woman and a man of the same number; two sample rates."""
    tree(root, "F_02_MONIKA_S_2_SURPRISE_3].wav", "F_02_MONIKA_S_10_ANGRY_1.wav", "M_02_TITO_S_1_DISGUST_5.wav")
    blank(root / "M_02_TITO_S_1_NEUTRAL_1.wav", rate_hz=44_100)
    return root


def thaiser(root: Path) -> Path:
    """One utterance in three microphones, one over Zoom, a scripted one without label, the tables of the release."""
    tree(
        root / "studio1-10" / "studio001", "con/s001_con_actor001_impro1_1.flac", "clip/s001_clip_actor001_impro1_1.flac",
        "middle/s001_middle_actor001_impro1_1.flac", "middle/s001_middle_actor002_script1_2_3b.flac",
        "clip/s001_clip_actor002_impro9_1.flac",
    )  # fmt: skip
    blank(root / "zoom1-10" / "zoom001" / "mic" / "z001_mic_actor162_script2_1_5c.flac")
    labels = {
        "s001_con_actor001_impro1_1.flac": ("Angry", "Angry", 0.75, [["Angry"], ["Angry", "Frustrated"], ["Neutral"]]),
        "z001_mic_actor162_script2_1_5c.flac": ("Frustrated", "None", 0.4, [["Sad"], ["Frustrated"], []]),
        "s001_con_actor001_impro1_2.flac": ("Sad", "Sad", 1.0, [["Sad"]]),
    }
    names = ("assigned_emo", "majority_emo", "agreement", "annotated")
    told = {file: [dict(zip(names, label, strict=True))] for file, label in labels.items()}
    (root / "emotion_label.json").write_text(json.dumps(told))
    actors = [{"Actor's ID": "001", "Age": 23, "Sex": "Female"}, {"Actor's ID": "162", "Age": 41, "Sex": "Male"}]
    (root / "actor_demography.json").write_text(json.dumps({"data": actors}))
    return root


def cremad(root: Path) -> Path:
    """Sound once more as MP3 and as video, a level of one letter, a pointer of Git LFS, the actors' table."""
    tree(root, "AudioWAV/1001_IEO_ANG_HI.wav", "AudioMP3/1001_IEO_ANG_HI.mp3", "AudioWAV/1002_DFA_NEU_XX.wav")
    blank(root / "AudioWAV" / "1040_ITH_SAD_X.wav")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 91000\n"
    (root / "AudioWAV" / "1003_TIE_FEA_XX.wav").write_text(pointer)
    (root / "VideoFlash").mkdir()
    (root / "VideoFlash" / "1001_IEO_ANG_HI.flv").write_text(pointer)
    (root / "VideoDemographics.csv").write_text('"ActorID","Age","Sex"\n1001,51,"Male"\n1002,21,"Female"\n')
    return root


def emotiontts(root: Path) -> Path:
    """Numbers from the first to the last; a transcript with a byte order mark."""
    top = root / "Dataset" / "SpeechCorpus" / "Emotional"
    tree(
        top / "plain-to-emotional" / "ema" / "wav",
        "ema00001.wav",
        "ema00100.wav",
        "ema00101.wav",
        "ema00201.wav",
        "ema00301.wav",
    )
    tree(top / "emotional-to-emotional" / "neo" / "wav", "neo00400.wav")
    text = top / "plain-to-emotional" / "ema" / "transcript" / "ema00001.txt"
    text.parent.mkdir()
    text.write_text("오월  십칠일\n", encoding="utf-8-sig")
    return root


def turev(root: Path) -> Path:
    """One of each emotion."""
    names = ("Angry/1157_kz_kustah.wav", "Calm/1234_sk_acik.wav", "Happy/1234_mt_acik.wav", "Sad/7895_hl_gicik.wav")
    tree(root / "Sound Source", *names)
    return root


def nemo(root: Path) -> Path:
    """Blanks before the speakers, and rows without sound."""
    tree(root / "samples", "WR0_surprised_64.wav", "EB0_anger_1.wav")
    rows = [("WR0_surprised_64", "surprised"), ("EB0_anger_1", "anger"), ("EB0_fear_2", "fear"), ("EB0_fear_3", "fear")]
    lines = ["file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage"]
    lines += [f"{name}.wav\t{emotion}\tUcho.\tucho\t        {name[:3]}\tmale\t23" for name, emotion in rows]
    (root / "data.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root
