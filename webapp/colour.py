"""Colours that can be read, by WCAG's relative luminance."""


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2) of `#rrggbb`, 0 to 1."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable_on(colour: str) -> str:
    """Black or white, whichever stands out more on the colour."""
    return max(("#ffffff", "#000000"), key=lambda ink: contrast(ink, colour))
