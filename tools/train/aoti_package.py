#!/usr/bin/env python3
"""Compiles models to AOTInductor packages that Petrel can run: the test package
of tests/unit/torch, or a TorchScript-free model of your own.

Needs Python with the whole of torch 2.11.0 (pip install torch==2.11.0, 4.7 GB;
only to compile, never to run Petrel) and g++.

  tools/train/aoti_package.py [--isa x86-64-v2] [--out FILE]

compile_package() is what matters: it leaves libtorch.so out of the package's
needs (the wheel's wants all of CUDA), compiles for the given instruction set
instead of that of this machine, and writes it into the package, where a node
looks for it.
"""

import argparse
import os
import pathlib
import stat
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Sets of vector instructions that inductor may use by hand.
CAPABILITY = {"x86-64-v2": "default", "x86-64-v3": "avx2", "x86-64-v4": "avx512"}


def use_isa(isa: str, folder: str) -> None:
    """Inductor always says -march=native: a compiler that hears otherwise."""
    wrapper = pathlib.Path(folder) / "g++"
    wrapper.write_text(
        "#!/bin/bash\nargs=()\nfor a in \"$@\"; do\n"
        f"  [ \"$a\" = -march=native ] && a=-march={isa}\n"
        "  args+=(\"$a\")\ndone\nexec /usr/bin/g++ \"${args[@]}\"\n")
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    os.environ["CXX"] = str(wrapper)
    os.environ["ATEN_CPU_CAPABILITY"] = CAPABILITY[isa]
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder


def compile_package(model, example, batch: bool, isa: str, out: str,
                    link: bool = False) -> None:
    """Call use_isa() before torch is imported."""
    import torch
    shapes = None
    if batch:
        shapes = ({0: torch.export.Dim("n", min=1, max=4096)},)
    program = torch.export.export(model.eval(), (example,),
                                  dynamic_shapes=shapes)
    torch._inductor.aoti_compile_and_package(
        program, package_path=out, inductor_configs={
            "aot_inductor.link_libtorch": link,
            # Else it refuses a batch of one: inductor calls it special.
            "aot_inductor.check_lowerbound": False,
            "aot_inductor.metadata": {"petrel_isa": isa}})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--isa", default="x86-64-v2", choices=list(CAPABILITY))
    parser.add_argument("--out", default=str(
        ROOT / "tests/unit/torch/data/digits.pt2"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        use_isa(options.isa, folder)
        import torch
        from torch import nn

        class Small(nn.Module):
            """Bytes [n,1,8,8] to scores [n,4]; the weights are fixed numbers,
            so that the test knows the answer."""

            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(1, 4, 3, padding=1)
                self.head = nn.Linear(4, 4)
                with torch.no_grad():
                    self.conv.weight.copy_(
                        torch.arange(36).view(4, 1, 3, 3) % 7 - 3)
                    self.conv.bias.zero_()
                    self.head.weight.copy_(torch.arange(16).view(4, 4) % 5 - 2)
                    self.head.bias.zero_()

            def forward(self, x):
                x = torch.relu(self.conv(x.to(torch.float32) / 255.0))
                return self.head(x.mean((2, 3)))

        model = Small()
        example = torch.zeros(3, 1, 8, 8, dtype=torch.uint8)
        pathlib.Path(options.out).parent.mkdir(parents=True, exist_ok=True)
        with torch.no_grad():
            compile_package(model, example, True, options.isa, options.out)
            images = (torch.arange(2 * 64) * 37 % 256).to(torch.uint8)
            print(model(images.view(2, 1, 8, 8)))
    print(f"{options.out}: {os.path.getsize(options.out)} bytes")


if __name__ == "__main__":
    sys.exit(main())
