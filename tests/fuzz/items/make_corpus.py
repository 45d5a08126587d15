#!/usr/bin/python3
"""Makes the corpus: bodies by Python's zipfile, and forms. A file's first line
is the content type; its name begins with the items that are in it."""
import io
import pathlib
import zipfile

HERE = pathlib.Path(__file__).resolve().parent / "corpus"
AT = (2020, 1, 1, 0, 0, 0)


def zipped(names, comment=b"", how=zipfile.ZIP_DEFLATED, before=b""):
    out = io.BytesIO()
    out.write(before)
    with zipfile.ZipFile(out, "a" if before else "w", how) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name, AT), name.encode() * 9)
        archive.comment = comment
    return out.getvalue()


def changed(data, at, to):
    return data[:at] + to + data[at + len(to):]


def form(parts, boundary="b1", end="--\r\n"):
    text = "preamble\r\n" if parts and parts[0] == "" else ""
    for head in parts:
        text += f"--{boundary}\r\n{head}\r\n\r\n" if head else \
            f"--{boundary}\r\n\r\n"
        text += "a body with -- and\r\n--b in it\r\n"
    return (text + f"--{boundary}{end}").encode()


def file(name):
    return f'Content-Disposition: form-data; name="f"; filename="{name}"'


three = zipped(["a.jpg", "in/", "in/b.jpg", "c.jpg"])
end = three.rfind(b"PK\5\6")
cases = {
    "3-zip": ("application/zip", three),
    "3-zip-by-its-bytes": ("", three),
    "0-zip-empty": ("application/zip", zipped([])),
    "2-zip-comment": ("application/zip",
                      zipped(["a", "b"], b"PK\5\6 " * 40)),
    "2-zip-behind-a-program": ("application/zip",
                               zipped(["a", "b"], before=b"#!/bin/sh\n")),
    "0-zip-cut": ("application/zip", three[:-1]),
    "0-zip-no-directory": ("application/zip", three[end:]),
    "0-zip-more-than-there-are": (
        "application/zip", changed(three, end + 10, b"\xfe\xff")),
    "0-zip-fewer-than-there-are": (
        "application/zip", changed(three, end + 10, b"\1\0")),
    "0-zip-directory-too-long": (
        "application/zip", changed(three, end + 12, b"\xff\xff\xff\xff")),
    "0-zip-name-too-long": (
        "application/zip",
        changed(three, three.find(b"PK\1\2") + 28, b"\xff\xff")),
    "2-form-files": (
        'multipart/form-data; boundary=b1',
        form([file("a"), 'content-disposition: form-data; name="n"',
              file("b")])),
    "2-form-fields": (
        'Multipart/Form-Data; charset=x; boundary="b1"',
        form(['Content-Disposition: form-data; name="n"'] * 2)),
    "3-mixed": ("multipart/mixed; boundary=b1",
                form(["Content-Type: image/jpeg"] * 3)),
    "1-mixed-preamble": ("multipart/mixed; boundary=b1", form([""])),
    "0-mixed-cut": ("multipart/mixed; boundary=b1",
                    form(["Content-Type: image/jpeg"] * 3, end="")),
    "0-mixed-no-boundary": ("multipart/mixed", form([""])),
    "0-mixed-open-quote": ('multipart/mixed; boundary="b1', form([""])),
    "0-mixed-long-boundary": ("multipart/mixed; boundary=" + "b" * 71,
                              form([""], "b" * 71)),
    "1-plain": ("image/jpeg", b"\xff\xd8\xff"),
    "0-nothing": ("image/jpeg", b""),
}

if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for name, (kind, body) in cases.items():
        (HERE / name).write_bytes(kind.encode() + b"\n" + body)
