"""Sounds that we make ourselves, for setting the volume and for telling headphones from loudspeakers.

All are drawn from a seed, so that a trial's sound is the same whenever it is asked for. ``lufs`` is the loudness of one
channel by ITU-R BS.1770, as for the study's clips; a sound that would come nearer than 1 dB to full scale is made softer.

* ``speech_noise``: noise with the long-term spectrum of speech in twelve languages, male and female voices combined (Byrne
  et al. 1994, J. Acoust. Soc. Am. 96, 2108–2120, doi 10.1121/1.410152, table II), which sums to 70 dB.
* ``huggins``: three bursts of white noise, the same at both ears; in one of them a narrow band around 600 Hz is turned by
  180° at the right ear, which over headphones sounds like a faint tone (Milne et al. 2021, Behavior Research Methods 53,
  1551–1562, doi 10.3758/s13428-020-01514-0).
* ``antiphase``: three tones of 200 Hz, one 6 dB softer, and one of the others turned by 180° at the right ear, so that over
  loudspeakers it cancels and seems the softest (Woods et al. 2017, Attention, Perception, & Psychophysics 79, 2064–2072,
  doi 10.3758/s13414-017-1361-2).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from listening_tests.trial import Sound

RATE_HZ = 44100
INTERVAL_S = 1.0
"""Each of the three intervals of a headphone check."""
PAUSE_S = 0.5
BAND_HZ = (564.0, 636.0)
"""Where Huggins pitch is: 600 Hz and 6 % to either side."""
TONE_HZ = 200.0
SOFTER_DB = 6.0
HIGHEST_PEAK = 10 ** (-1 / 20)
"""No sample lies above this; 1 dB below full scale."""
BANDS_DB = {
    62.5: 38.6, 78.7: 43.5, 99.2: 54.4, 125.0: 57.7, 157.5: 56.8, 198.4: 60.2, 250.0: 60.3, 315.0: 59.0, 396.9: 62.1,
    500.0: 62.1, 630.0: 60.5, 793.7: 56.8, 1000.0: 53.7, 1259.9: 53.0, 1587.4: 52.0, 2000.0: 48.7, 2519.8: 48.1,
    3174.8: 46.8, 4000.0: 45.6, 5039.7: 44.5, 6349.6: 44.3, 8000.0: 43.7, 10079.4: 43.4, 12699.2: 41.3, 16000.0: 40.7,
}  # fmt: skip
"""Level of speech in dB by the centre of the third of an octave in Hz (Byrne et al. 1994)."""

Samples = npt.NDArray[np.float64]


def speech_noise(lufs: float, *, seed: int, seconds: float = 4.0) -> Sound:
    """Noise as loud and as coloured as speech, mono; its end joins its beginning, so that it can be looped.

    It is made of sines that fit a whole number of times into its length, equally strong within a band, at random phases.
    """
    count = round(seconds * RATE_HZ)
    hz = np.fft.rfftfreq(count, 1 / RATE_HZ)
    spectrum = np.zeros(hz.size, dtype=np.complex128)
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, hz.size)
    for centre, level in BANDS_DB.items():
        band = (hz >= centre * 2 ** (-1 / 6)) & (hz < centre * 2 ** (1 / 6))
        spectrum[band] = np.sqrt(10 ** (level / 10) / band.sum()) * np.exp(1j * phases[band])
    return _levelled(np.fft.irfft(spectrum, count), lufs)


def huggins(target: int, lufs: float, *, seed: int) -> Sound:
    """Three bursts of noise, of which the ``target`` (1, 2 or 3) holds a Huggins pitch; ``[samples, 2]``."""
    rng = np.random.default_rng(seed)
    count = round(INTERVAL_S * RATE_HZ)
    bursts = []
    for number in (1, 2, 3):
        left = rng.standard_normal(count)
        bursts.append(np.stack([left, _turned(left) if number == target else left], axis=1))
    return _levelled(_in_a_row(bursts, ramp_s=0.02), lufs)


def antiphase(target: int, turned: int, lufs: float) -> Sound:
    """Three tones, of which the ``target`` is 6 dB softer and ``turned``, another, is out of phase; ``[samples, 2]``."""
    time_s = np.arange(round(INTERVAL_S * RATE_HZ)) / RATE_HZ
    tone = np.sin(2 * np.pi * TONE_HZ * time_s)
    tones = []
    for number in (1, 2, 3):
        left = tone * 10 ** (-SOFTER_DB / 20) if number == target else tone
        tones.append(np.stack([left, -left if number == turned else left], axis=1))
    return _levelled(_in_a_row(tones, ramp_s=0.1), lufs)


def _turned(noise: Samples) -> Samples:
    """The noise with the band turned by 180°: only signs of its spectrum change, so its power stays what it was."""
    spectrum = np.fft.rfft(noise)
    hz = np.fft.rfftfreq(noise.size, 1 / RATE_HZ)
    spectrum[(hz >= BAND_HZ[0]) & (hz <= BAND_HZ[1])] *= -1
    return np.fft.irfft(spectrum, noise.size)


def _in_a_row(parts: list[Samples], *, ramp_s: float) -> Samples:
    """The parts one after another with pauses between, each faded in and out by half a cosine."""
    ramp = (1 - np.cos(np.linspace(0, np.pi, round(ramp_s * RATE_HZ)))) / 2
    gate = np.ones(len(parts[0]))
    gate[: ramp.size], gate[-ramp.size :] = ramp, ramp[::-1]
    pause = np.zeros((round(PAUSE_S * RATE_HZ), 2))
    first, *others = [part * gate[:, None] for part in parts]
    return np.concatenate([first, *(piece for part in others for piece in (pause, part))])


def _levelled(samples: Samples, lufs: float) -> Sound:
    from listening_tests import loudness  # its filters take a while to import, and few processes make sounds

    one = samples if samples.ndim == 1 else np.ascontiguousarray(samples[:, 0])
    gain = 10 ** ((lufs - loudness.level_of(one, RATE_HZ).lufs) / 20)
    peak = float(np.abs(samples).max())
    return (samples * min(gain, HIGHEST_PEAK / peak)).astype(np.float32), RATE_HZ
