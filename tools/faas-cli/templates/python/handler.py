"""The function: an event in, an answer out. Raise, and it is answered 500."""
import petrel


@petrel.function
def handle(event):
    name = event.text or "world"
    event.log.info(f"greeting {name}")  # in faas-cli logs
    return f"Hello, {name}!\n"
