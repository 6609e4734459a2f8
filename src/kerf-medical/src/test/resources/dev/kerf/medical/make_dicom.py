"""Draws the DICOM files of these tests and writes down what pydicom says of them: python make_dicom.py

Names, numbers and dates in them are made up; tests look for them where they mustn't be."""
import io
import json
import pathlib

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_color_lut, apply_modality_lut, pixel_array
from pydicom.uid import (CTImageStorage, DeflatedExplicitVRLittleEndian, EnhancedCTImageStorage, ExplicitVRBigEndian,
                         ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLossless,
                         JPEGLosslessSV1, MultiFrameTrueColorSecondaryCaptureImageStorage, RLELossless,
                         SecondaryCaptureImageStorage)

HERE = pathlib.Path(__file__).parent / "dicom"
ROOT = "1.2.826.0.1.3680043.9.9999."
ORIENTATION = [0.9961947, 0.0871557, 0, -0.0868241, 0.9924039, 0.0871557]
NORMAL = np.cross(ORIENTATION[:3], ORIENTATION[3:])


def drawn(rows, columns, k=0, top=3000):
    y, x = np.mgrid[:rows, :columns]
    out = 900 + 9 * x + 4 * y + 15 * k
    out[(x - columns // 2 + k) ** 2 + (y - rows // 2) ** 2 < 40] = top - 10 * k
    return out


def blank(sop, number=1, series=3):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop
    meta.MediaStorageSOPInstanceUID = f"{ROOT}{series}.{number}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.PatientName = "SECRET^NAME"
    ds.PatientID = "SECRETID"
    ds.PatientBirthDate = "19700203"
    ds.PatientSex = "F"
    ds.PatientAddress = "SECRETSTREET 1"
    ds.InstitutionName = "SECRETHOSPITAL"
    ds.OperatorsName = "SECRET^OPERATOR"
    ds.ReferringPhysicianName = "SECRET^DOCTOR"
    ds.AccessionNumber = "SECRETACC"
    ds.StudyDate, ds.StudyTime, ds.StudyID = "20200102", "101112", "SECRETSTUDY"
    ds.SeriesDescription = "SECRET SERIES"
    ds.Modality = "CT"
    ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = ROOT + "1", f"{ROOT}2.{series}", ROOT + "4"
    ds.SeriesNumber, ds.InstanceNumber, ds.AcquisitionNumber = series, number, 1
    return ds


def pixels(ds, array, photometric="MONOCHROME2", stored=None, frames=1):
    color = photometric in ("RGB", "YBR_FULL", "YBR_FULL_422")
    shape = array.shape[1:] if frames > 1 else array.shape
    ds.Rows, ds.Columns = shape[:2]
    ds.SamplesPerPixel = 3 if color else 1
    if color:
        ds.PlanarConfiguration = 0
    ds.PhotometricInterpretation = photometric
    ds.BitsAllocated = array.dtype.itemsize * 8
    ds.BitsStored = stored or ds.BitsAllocated
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(array.dtype.kind == "i")
    if frames > 1:
        ds.NumberOfFrames = frames
    ds.PixelData = array.astype(array.dtype.newbyteorder("<")).tobytes()
    if len(ds.PixelData) % 2:
        ds.PixelData += b"\0"
    ds["PixelData"].VR = "OB" if ds.BitsAllocated == 8 else "OW"
    return ds


def place(ds, k, spacing=2.5):
    ds.ImageOrientationPatient = ORIENTATION
    ds.ImagePositionPatient = [round(float(v), 6) for v in np.array([-100.5, -80.25, 30.125]) + spacing * k * NORMAL]
    ds.PixelSpacing = [0.7, 0.65]
    ds.SliceThickness = 2.5
    return ds


def lossless(array, predictor, stored, every=0):
    """JPEG's process 14 (T.81, annex H): categories of differences in codes of five bits; begun anew after so many rows."""
    a = array.reshape(*array.shape[:2], -1).astype(np.int64) & ((1 << stored) - 1)
    rows, columns, n = a.shape
    parts, bits = [], []
    for y in range(rows):
        first = y % every == 0 if every else y == 0
        if first and y:
            parts, bits = parts + [bits], []
        for x in range(columns):
            for b in np.moveaxis(a, -1, 0):
                left, up, both = (b[y, x - 1] if x else 0), (b[y - 1, x] if y else 0), (b[y - 1, x - 1] if x and y else 0)
                if x == 0 and first:
                    p = 1 << (stored - 1)
                elif first:
                    p = left
                elif x == 0:
                    p = up
                else:
                    p = [0, left, up, both, left + up - both, left + ((up - both) >> 1), up + ((left - both) >> 1),
                         (left + up) >> 1][predictor]
                d = int(b[y, x] - p) & 0xFFFF
                d = d - 65536 if d > 32768 else d
                c = 0 if d == 0 else abs(d).bit_length()
                bits.append(format(c, "05b"))
                if 0 < c < 16:
                    bits.append(format(d if d > 0 else d + (1 << c) - 1, f"0{c}b"))
    data = b""
    for k, part in enumerate(parts + [bits]):
        text = "".join(part)
        text += "1" * (-len(text) % 8)
        data += b"" if k == 0 else bytes([0xFF, 0xD0 + (k - 1) % 8])
        data += bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8)).replace(b"\xff", b"\xff\0")
    interval = b"\xff\xdd\0\4" + (every * columns).to_bytes(2, "big") if every else b""
    counts = bytes([0, 0, 0, 0, 17] + [0] * 11)
    return (b"\xff\xd8\xff\xc3" + (8 + 3 * n).to_bytes(2, "big") + bytes([stored]) + rows.to_bytes(2, "big")
            + columns.to_bytes(2, "big") + bytes([n]) + b"".join(bytes([c + 1, 0x11, 0]) for c in range(n)) + interval
            + b"\xff\xc4" + (19 + 17).to_bytes(2, "big") + b"\0" + counts + bytes(range(17))
            + b"\xff\xda" + (6 + 2 * n).to_bytes(2, "big") + bytes([n]) + b"".join(bytes([c + 1, 0]) for c in range(n))
            + bytes([predictor, 0, 0]) + data + b"\xff\xd9")


def jpeg(array, **how):
    out = io.BytesIO()
    Image.fromarray(array).save(out, "JPEG", quality=90, **how)
    return out.getvalue()


def packed(ds, frames, syntax):
    ds.PixelData = encapsulate(frames)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    ds.file_meta.TransferSyntaxUID = syntax
    return ds


def save(ds, name, syntax=None):
    if syntax:
        ds.file_meta.TransferSyntaxUID = syntax
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    big = ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian
    implicit = ds.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian
    pydicom.dcmwrite(path, ds, enforce_file_format=True, little_endian=None if not big else False,
                     implicit_vr=None if not big else False)
    assert implicit in (True, False)
    return name


def say(name):
    ds = pydicom.dcmread(HERE / name)
    got = pixel_array(ds)
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        got = apply_color_lut(got, ds) >> 8
    elif ds.SamplesPerPixel == 1:
        got = apply_modality_lut(got, ds)
    got = np.asarray(got, np.float64)
    frames = got.reshape((int(ds.get("NumberOfFrames", 1)), ds.Rows, ds.Columns, -1))
    return {"shape": list(frames.shape), "mean": frames.mean(axis=(1, 2, 3)).tolist(),
            "row": frames[0, 3].ravel().tolist(), "min": float(got.min()), "max": float(got.max())}


def sort_of_volume(names):
    """Names in order along the normal, and the affine to the right, front and head, by PS3.3 C.7.6.2.1.1."""
    files = [pydicom.dcmread(HERE / n) for n in names]
    normal = np.cross(files[0].ImageOrientationPatient[:3], files[0].ImageOrientationPatient[3:])
    order = sorted(range(len(files)), key=lambda i: np.dot(normal, files[i].ImagePositionPatient))
    first, last = files[order[0]], files[order[-1]]
    affine = np.eye(4)
    affine[:3, 0] = np.array(first.ImageOrientationPatient[:3]) * first.PixelSpacing[1]
    affine[:3, 1] = np.array(first.ImageOrientationPatient[3:]) * first.PixelSpacing[0]
    affine[:3, 2] = (np.array(last.ImagePositionPatient) - np.array(first.ImagePositionPatient)) / (len(files) - 1)
    affine[:3, 3] = first.ImagePositionPatient
    means = [float(apply_modality_lut(files[i].pixel_array, files[i]).mean()) for i in order]
    return {"order": [names[i] for i in order], "affine": (np.diag([-1, -1, 1, 1]) @ affine)[:3].ravel().tolist(), "means": means}


def main():
    names = []

    def add(ds, name, syntax=None):
        names.append(save(ds, name, syntax))

    rows, columns = 20, 24
    base = drawn(rows, columns)
    signed = (base - 2000).astype(np.int16)
    rgb = np.stack([base // 16, 255 - base // 16, (base // 7) % 256], axis=-1).astype(np.uint8)

    series = []
    for n, k in enumerate([3, 0, 5, 1, 4, 2]):
        ds = place(blank(CTImageStorage, n + 1), k)
        ds.RescaleSlope, ds.RescaleIntercept = 1, -1024
        ds.WindowCenter, ds.WindowWidth = [40, 300], [400, 1500]
        series.append(save(pixels(ds, drawn(rows, columns, k).astype(np.int16)), f"series/IM{n + 1:03d}",
                           [ExplicitVRLittleEndian, ImplicitVRLittleEndian][n % 2]))
    for k in range(2):
        other = place(blank(CTImageStorage, k + 1, series=1), k, 10)
        other.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
        other.ImagePositionPatient = [-20, 10.0 * k, 7]
        save(pixels(other, drawn(12, 10, k).astype(np.uint16)), f"mixed/scout{k}")
    for t in range(2):
        for k in range(3):
            ds = place(blank(CTImageStorage, 10 * t + k + 1, series=5), k)
            ds.TemporalPositionIdentifier = t + 1
            save(pixels(ds, (drawn(12, 10, k) + 100 * t).astype(np.uint16)), f"mixed/t{t}k{k}")
    for k in (0, 1, 2, 4, 5, 8):
        save(pixels(place(blank(CTImageStorage, k + 1, series=6), k), drawn(12, 10, k).astype(np.uint16)), f"gap/{k}.dcm")
    for k in (0, 1, 2):
        save(pixels(place(blank(CTImageStorage, k + 1, series=7), min(k, 1)), drawn(12, 10, k).astype(np.uint16)), f"doubled/{k}.dcm")

    def ct(number):
        return place(blank(CTImageStorage, number), 0)

    add(pixels(ct(20), signed), "explicit.dcm")
    add(pixels(ct(21), signed), "implicit.dcm", ImplicitVRLittleEndian)
    add(pixels(ct(22), signed), "deflated.dcm", DeflatedExplicitVRLittleEndian)
    ds = pixels(ct(23), signed)
    ds.PixelData = signed.astype(">i2").tobytes()
    add(ds, "big16.dcm", ExplicitVRBigEndian)
    ds = pixels(ct(24), (base // 16).astype(np.uint8))
    ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    ds["PixelData"].VR = "OW"
    add(ds, "big8.dcm", ExplicitVRBigEndian)
    add(pixels(ct(25), (base // 16).astype(np.uint8)), "u8.dcm")
    add(pixels(ct(26), (base * 70000).astype(np.uint32)), "u32.dcm")
    add(pixels(ct(27), (signed.astype(np.int32) * 70000)), "i32.dcm")
    twelve = (base & 0xFFF | 0xA000).astype(np.uint16)
    add(pixels(ct(28), twelve, stored=12), "overlay12.dcm")
    ds = pixels(ct(29), ((signed & 0xFFF)).astype(np.int16), stored=12)
    add(ds, "signed12.dcm")
    ds = pixels(ct(30), base.astype(np.uint16), "MONOCHROME1")
    ds.RescaleSlope, ds.RescaleIntercept = "0.5", "-10"
    add(ds, "mono1.dcm")
    ds = pixels(ct(300), signed)
    table = Dataset()
    table.LUTDescriptor, table.ModalityLUTType = [1500, -900, 16], "US"
    table["LUTDescriptor"].VR = "SS"
    table.add_new(0x00283006, "OW", ((np.arange(1500) * 37) % 50000).astype("<u2").tobytes())
    ds.ModalityLUTSequence = [table]
    add(ds, "table.dcm")
    add(pixels(blank(SecondaryCaptureImageStorage, 31), rgb, "RGB"), "rgb.dcm")
    ds = pixels(blank(SecondaryCaptureImageStorage, 32), rgb, "RGB")
    ds.PlanarConfiguration, ds.PixelData = 1, rgb.transpose(2, 0, 1).tobytes()
    add(ds, "planar.dcm")
    add(pixels(blank(SecondaryCaptureImageStorage, 33), rgb, "YBR_FULL"), "ybr.dcm")
    ds = pixels(blank(SecondaryCaptureImageStorage, 34), rgb, "YBR_FULL_422")
    ds.PixelData = np.stack([rgb[:, 0::2, 0], rgb[:, 1::2, 0], rgb[:, 0::2, 1], rgb[:, 0::2, 2]], axis=-1).tobytes()
    add(ds, "ybr422.dcm")
    ds = pixels(blank(SecondaryCaptureImageStorage, 35), (base // 16).astype(np.uint8), "PALETTE COLOR")
    for at, colour in enumerate(["Red", "Green", "Blue"]):
        setattr(ds, colour + "PaletteColorLookupTableDescriptor", [200, 20, 16])
        table = ((np.arange(200) * (3 + at) * 97) % 65536).astype("<u2")
        setattr(ds, colour + "PaletteColorLookupTableData", table.tobytes())
    add(ds, "palette.dcm")
    for name, array, kind in (("rle16", signed, "MONOCHROME2"), ("rlergb", rgb, "RGB"), ("rle8", (base // 16).astype(np.uint8), "MONOCHROME2")):
        ds = pixels(ct(36), array, kind)
        ds.compress(RLELossless)
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID
        add(ds, name + ".dcm")
    gray = (base // 16).astype(np.uint8)
    add(packed(pixels(ct(40), gray), [jpeg(gray)], JPEGBaseline8Bit), "jpeg.dcm")
    add(packed(pixels(ct(41), rgb, "YBR_FULL_422"), [jpeg(rgb, subsampling="4:2:2")], JPEGBaseline8Bit), "jpegybr.dcm")
    add(packed(pixels(ct(42), rgb, "RGB"), [jpeg(rgb, keep_rgb=True)], JPEGBaseline8Bit), "jpegrgb.dcm")
    packings = [(f"lossless{p}", *((signed, 16), (base.astype(np.uint16), 12))[p % 2], p, 0) for p in range(1, 8)]
    packings += [("lossless8", gray, 8, 6, 0), ("losslessrgb", rgb, 8, 1, 0), ("losslessrestart", signed, 16, 4, 3)]
    for name, array, bits, p, every in packings:
        uid = JPEGLosslessSV1 if p == 1 else JPEGLossless
        ds = pixels(ct(50 + len(names)), array, "RGB" if array.ndim == 3 else "MONOCHROME2", stored=bits)
        name = save(packed(ds, [lossless(array, p, bits, every)], uid), name + ".dcm")
        frames = array.astype(np.float64).reshape(1, rows, columns, -1)
        names.append((name, {"shape": list(frames.shape), "mean": [float(frames.mean())], "row": frames[0, 3].ravel().tolist(),
                             "min": float(frames.min()), "max": float(frames.max())}))
    many = np.stack([drawn(rows, columns, k) for k in range(4)]).astype(np.uint16)
    add(pixels(blank(MultiFrameTrueColorSecondaryCaptureImageStorage, 60), many, frames=4), "cine.dcm")
    ds = pixels(blank(MultiFrameTrueColorSecondaryCaptureImageStorage, 61), many, frames=4)
    ds.compress(RLELossless)
    add(ds, "cinerle.dcm")
    ds = pixels(blank(EnhancedCTImageStorage, 62, series=9), many[[2, 0, 3, 1]], frames=4)
    shared = Dataset()
    shared.PlaneOrientationSequence = [Dataset()]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = ORIENTATION
    shared.PixelMeasuresSequence = [Dataset()]
    shared.PixelMeasuresSequence[0].PixelSpacing, shared.PixelMeasuresSequence[0].SliceThickness = [0.7, 0.65], 2.5
    shared.PixelValueTransformationSequence = [Dataset()]
    shared.PixelValueTransformationSequence[0].RescaleSlope = 2
    shared.PixelValueTransformationSequence[0].RescaleIntercept = -1000
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.PerFrameFunctionalGroupsSequence = []
    for k in (2, 0, 3, 1):
        own = Dataset()
        own.PlanePositionSequence = [Dataset()]
        own.PlanePositionSequence[0].ImagePositionPatient = place(Dataset(), k).ImagePositionPatient
        own.FrameContentSequence = [Dataset()]
        own.FrameContentSequence[0].FrameAcquisitionNumber = 1
        ds.PerFrameFunctionalGroupsSequence.append(own)
    save(ds, "enhanced.dcm")
    save(packed(pixels(ct(70), gray), [b"\0" * 64], JPEG2000Lossless), "bad/jpeg2000.dcm")
    figures = {"files": {(n if isinstance(n, str) else n[0]): (say(n) if isinstance(n, str) else n[1]) for n in names},
               "series": sort_of_volume(series)}
    (HERE / "figures.json").write_text(json.dumps(figures))


main()
