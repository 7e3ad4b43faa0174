"""Why a provider cannot run here."""

from collections.abc import Callable
from importlib import import_module


def without(packages: dict[str, str]) -> Callable[[str], str | None]:
    """Return what tells why a provider is missing that needs a package, by type of device; none on other devices."""

    def missing(device: str) -> str | None:
        package = packages.get(device)
        if package is None:
            return f"does not run on a {device}"
        try:
            import_module(package)
        except (ImportError, OSError) as problem:  # a torchaudio for another torch fails to load its library
            name, gone = package.partition(".")[0], isinstance(problem, ModuleNotFoundError)
            return f"{name} is not installed" if gone else f"{name} does not work with the installed torch"
        return None

    return missing
