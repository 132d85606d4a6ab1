"""Fine-tune emojinet for pictures: larger L2 perturbations, and strewn pieces, which are no emoji.

Reads emojinet.onnx, and index.json and data.bin (render.mjs). Writes emojinet.npz as train.py does, every five minutes and at the
end. Needs PyTorch and onnx; written for a CPU: two cores with bfloat16 take 75 minutes.

At the end what is loud is made quieter (`quieten`), which changes no answer of the network.

What the pictures of a class need is a network that is not content with pieces of it. A fifth of each batch are round pieces of one
emoji, strewn over a background, whose label is no class: all classes alike. Each image is shown `--replays` times, with the
perturbation that the gradients of the last times add up to ("Adversarial Training for Free!", Shafahi et al., 2019), within a
radius of its own; the first time it is nearly clean, so that clean images are still learned.
"""
import argparse
import copy
import math
import time
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

from train import (
    BLOCKS, PIXEL_MEAN, PIXEL_SCALE, Augmenter, ConvBnRelu, EmojiNet, accuracy, folded_weights, load, local_response_norm, pool)

PIECES, SURE_PIECES = 6, 3  # of a strewn emoji: at most, and at least
FIRST_STEP = 0.3  # of the radius: the length of the random perturbation that each image begins with
WHOLE_PATH = 1.2  # of the radius: how far the later perturbations of an image go together
LABEL_SMOOTHING = 0.05
LOUD = 0.9  # a channel's mean over an image, which no image of those tried has more of
TRIED = 768  # images
MEASURED_EVERY, SAVED_EVERY_SECONDS = 100, 300  # batches; seconds


class PicturesAugmenter(Augmenter):
    """Emoji that fill the image more than train.py's, and strewn pieces of them."""

    def augmented(self, rows):
        """[n, 3, S, S] in 0..255."""
        return super().augmented(rows, scale=(0.6, 1.2), angle=0.4, shift=0.2)

    def strewn(self, rows):
        """Soft round pieces of one emoji over a background: its texture without its shape; [n, 3, S, S] in 0..255."""
        n, size = len(rows), self.size
        signed = lambda *shape: self._rand(*shape) * 2 - 1
        axis = torch.linspace(-1, 1, size, device=self.device)
        y, x = torch.meshgrid(axis, axis, indexing="ij")
        image = self._background(n)
        for k in range(PIECES):
            shown = (self._rand(n, 1, 1, 1) < (1.0 if k < SURE_PIECES else 0.6)).float()
            centre, point = signed(n, 2) * 0.85, signed(n, 2) * 0.6  # of the piece, here and in the emoji
            scale, angle = 0.5 + self._rand(n) * 0.7, signed(n) * math.pi * 0.9
            matrix = torch.zeros(n, 2, 3, device=self.device)
            matrix[:, 0, 0] = matrix[:, 1, 1] = angle.cos() / scale
            matrix[:, 1, 0] = angle.sin() / scale
            matrix[:, 0, 1] = -matrix[:, 1, 0]
            matrix[:, :, 2] = point - torch.einsum("nij,nj->ni", matrix[:, :, :2], centre)
            radius = scale * (0.28 + 0.17 * self._rand(n))
            distance = torch.hypot(x - centre[:, 0, None, None], y - centre[:, 1, None, None])
            edge = torch.sigmoid((radius[:, None, None] - distance) * (8 + 30 * self._rand(n, 1, 1)))
            piece = self._sampled(rows, matrix) * edge.unsqueeze(1) * shown
            image = image * (1 - piece[:, 3:]) + piece[:, :3]
        image = image + torch.randn_like(image) * 0.03 * self._rand(n, 1, 1, 1)
        return image.clamp(0, 1) * 255


@torch.no_grad()
def load_folded(model, path, images):
    """Weights of an ONNX file into the model, whose batch normalisations then change nothing on `images` [n, 3, S, S]."""
    weights = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in onnx.load(path).graph.initializer}
    model.classifier.weight.copy_(weights["loss3/classifier_w_0"])
    model.classifier.bias.copy_(weights["loss3/classifier_b_0"])
    model.eval()
    for module in model.modules():
        if not isinstance(module, ConvBnRelu):
            continue
        kernel = weights[f"{module.name}_w_0"]
        module.conv.weight.copy_(kernel * PIXEL_SCALE if module.name == "conv1/7x7_s2" else kernel)
        bias = weights[f"{module.name}_b_0"]

        def keep(conv, _, output, module=module, bias=bias):
            mean, variance = output.mean((0, 2, 3)), output.var((0, 2, 3))
            module.bn.running_mean.copy_(mean)
            module.bn.running_var.copy_(variance)
            module.bn.weight.copy_((variance + module.bn.eps).sqrt())
            module.bn.bias.copy_(bias + mean)

        module.hook = module.conv.register_forward_hook(keep)
    model(images.contiguous(memory_format=torch.channels_last))
    for module in model.modules():
        if isinstance(module, ConvBnRelu):
            module.hook.remove()


@torch.no_grad()
def quieten(weights, images):
    """Divides each channel of the inception blocks that is loud on some of `images` [n, 3, S, S], and multiplies it again where it
    is read: ReLUs and pools let a positive factor through, so the network's answers stay. Without it a few channels that are on
    whatever the image are more active in each channel's picture than that channel itself. `weights`: as of folded_weights."""
    w = {name: torch.from_numpy(value) for name, value in weights.items()}

    def conv(x, name, **options):
        return F.conv2d(x, w[f"{name}_w_0"], w[f"{name}_b_0"], **options)

    def quiet(x, name, **options):
        """The convolution, which is changed, on x, and what its channels were divided by."""
        y = conv(x, name, **options)
        factor = (y.mean((2, 3)).amax(0) / LOUD).clamp(min=1)
        w[f"{name}_w_0"] = w[f"{name}_w_0"] / factor.view(-1, 1, 1, 1)
        w[f"{name}_b_0"] = w[f"{name}_b_0"] / factor
        return F.relu(y / factor.view(1, -1, 1, 1)), factor

    def read(name, factor):
        w[f"{name}_w_0"] = w[f"{name}_w_0"] * factor.view(1, -1, 1, 1)

    x = local_response_norm(pool(F.relu(conv(images - PIXEL_MEAN, "conv1/7x7_s2", stride=2, padding=3))))
    x = pool(local_response_norm(F.relu(conv(F.relu(conv(x, "conv2/3x3_reduce")), "conv2/3x3", padding=1))))
    factor = torch.ones(x.shape[1])
    for block in BLOCKS:
        if block is None:
            x = pool(x)
            continue
        name = block[0]
        for branch in ("1x1", "3x3_reduce", "5x5_reduce", "pool_proj"):
            read(f"{name}/{branch}", factor)
        three, of_three = quiet(x, f"{name}/3x3_reduce")
        read(f"{name}/3x3", of_three)
        five, of_five = quiet(x, f"{name}/5x5_reduce")
        read(f"{name}/5x5", of_five)
        branches = [quiet(x, f"{name}/1x1"), quiet(three, f"{name}/3x3", padding=1), quiet(five, f"{name}/5x5", padding=2),
                    quiet(F.max_pool2d(x, 3, 1, 1), f"{name}/pool_proj")]
        x, factor = (torch.cat(parts, axis) for parts, axis in zip(zip(*branches), (1, 0)))
    w["loss3/classifier_w_0"] = w["loss3/classifier_w_0"] * factor
    return {name: value.numpy() for name, value in w.items()}


def norm(t):
    """Of each image, [n, 1, 1, 1]."""
    return t.flatten(1).norm(dim=1).view(-1, 1, 1, 1) + 1e-12


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("start", help="emojinet.onnx")
    parser.add_argument("--folder", type=Path, default=Path("."))
    parser.add_argument("--seconds", type=float, default=4500)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--radius", type=float, nargs=2, default=(1.5, 4.0), help="from, to; in 0..1 pixel units")
    parser.add_argument("--replays", type=int, default=3)
    parser.add_argument("--strewn", type=float, default=0.2, help="share of each batch")
    parser.add_argument("--rate", type=float, default=7e-4)
    options = parser.parse_args()

    torch.manual_seed(1)
    images, labels, classes, held_out = load(options.folder, "cpu")
    train_rows, test_rows = (~held_out).nonzero()[:, 0], held_out.nonzero()[:, 0]
    class_weight = 1 / torch.bincount(labels[train_rows], minlength=len(classes)).float()[labels[train_rows]]
    draw = lambda count: train_rows[torch.multinomial(class_weight, count, replacement=True)]
    augmenter = PicturesAugmenter(images, options.size)

    # LRN of alpha 1e-4 changes these activations by less than a thousandth of their norm, for a quarter of the time
    model = EmojiNet(len(classes), has_lrn=False).to(memory_format=torch.channels_last)
    load_folded(model, options.start, augmenter.augmented(draw(256)))
    print("held-out artist at the start", accuracy(model, augmenter, test_rows, labels), flush=True)
    average = copy.deepcopy(model)
    floating = lambda m: [t for t in m.state_dict().values() if t.dtype.is_floating_point]
    matrices, vectors = [p for p in model.parameters() if p.ndim > 1], [p for p in model.parameters() if p.ndim == 1]
    optimiser = torch.optim.AdamW([{"params": matrices, "weight_decay": 1e-2}, {"params": vectors, "weight_decay": 0}])

    def save():
        average.eval()
        probe = Augmenter(images, 224).clean(test_rows[:1])
        with torch.no_grad():
            logits = average(probe)
        tried = torch.cat([augmenter.augmented(rows) for rows in draw(TRIED).split(64)])
        np.savez(options.folder / "emojinet.npz", **quieten(folded_weights(average), tried),
                 _test_in=(probe - PIXEL_MEAN).numpy(), _test_out=logits.numpy())

    smallest, largest = options.radius
    strewn = round(options.batch * options.strewn)
    start, step, batches, saved = time.time(), 0, 0, 0.0
    model.train()
    while (progress := (time.time() - start) / options.seconds) < 1:
        rows = draw(options.batch)
        with torch.no_grad():
            batch = torch.cat([augmenter.strewn(rows[:strewn]), augmenter.augmented(rows[strewn:])])
            target = F.one_hot(labels[rows], len(classes)) * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / len(classes)
            target[:strewn] = 1 / len(classes)
            radius = (smallest + (largest - smallest) * torch.rand(options.batch, 1, 1, 1)) * 255
            delta = torch.randn_like(batch)
            delta = delta / norm(delta) * radius * FIRST_STEP
        for _ in range(options.replays):
            for group in optimiser.param_groups:
                group["lr"] = options.rate * min(1, (step + 1) / 200) * 0.5 * (1 + math.cos(math.pi * progress)) + 1e-6
            seen = (batch + delta).clamp(0, 255).contiguous(memory_format=torch.channels_last).requires_grad_(True)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(seen)
            loss = F.cross_entropy(logits.float(), target)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            step += 1
            with torch.no_grad():
                delta = delta + seen.grad / norm(seen.grad) * radius * WHOLE_PATH / max(1, options.replays - 1)
                delta = delta * torch.clamp(radius / norm(delta), max=1)
                torch._foreach_lerp_(floating(average), floating(model), 1 - min(0.998, (1 + step) / (10 + step)))
        batches += 1
        if batches % MEASURED_EVERY == 0:
            held = accuracy(average, augmenter, test_rows, labels)
            print(f"{time.time() - start:.0f} s, step {step}, loss {loss.item():.3f}, held-out artist {held}", flush=True)
        if time.time() - start - saved > SAVED_EVERY_SECONDS:
            saved = time.time() - start
            save()
    save()
    drawings, held = (accuracy(average, augmenter, rows, labels) for rows in (train_rows, test_rows))
    print("training drawings", drawings, "held-out artist", held)


if __name__ == "__main__":
    main()
