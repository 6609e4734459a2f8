package dev.kerf.cli.fetch;

import dev.kerf.error.BadInputException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Weights that others have published and that Kerf can fetch, under names of its own.
 *
 * <p>The addresses are those in the READMEs of facebookresearch/sam2 and facebookresearch/segment-anything, in torchvision's
 * source, and of danielgatis/rembg's releases. torchvision puts the first eight
 * digits of the SHA-256 into its files' names. Meta and rembg state no digests of that kind; those here are what several independent
 * projects that pin the same files agree on, and sizes likewise.
 *
 * @param name     what users call them, such as {@code sam2.1-tiny}
 * @param title    in words
 * @param source   where they are
 * @param bytes    size of the file; -1 where nobody states it
 * @param sha256   of the file, 64 lower-case hexadecimal digits
 * @param licence  they are under, and where to read it
 */
public record PublishedWeights(String name, String title, URI source, long bytes, String sha256, String licence) {
    private static final String SAM = "https://dl.fbaipublicfiles.com/segment_anything/";
    private static final String SAM_LICENCE = "Apache-2.0, Meta Platforms: https://github.com/facebookresearch/segment-anything/blob/main/LICENSE";
    private static final String SAM2 = "https://dl.fbaipublicfiles.com/segment_anything_2/";
    private static final String SAM2_LICENCE = "Apache-2.0, Meta Platforms: https://github.com/facebookresearch/sam2/blob/main/LICENSE";
    private static final String REMBG = "https://github.com/danielgatis/rembg/releases/download/v0.0.0/";
    private static final String TORCHVISION = "https://download.pytorch.org/models/";
    private static final String TORCHVISION_LICENCE = "BSD-3-Clause for torchvision, which says of its pre-trained models that"
            + " they may have terms of their own from the data (COCO) they were trained on:"
            + " https://github.com/pytorch/vision#pre-trained-model-license";

    private static final List<PublishedWeights> ALL = List.of(
            sam("sam2.1-tiny", "092824/sam2.1_hiera_tiny.pt", 156_008_466,
                    "7402e0d864fa82708a20fbd15bc84245c2f26dff0eb43a4b5b93452deb34be69"),
            sam("sam2.1-small", "092824/sam2.1_hiera_small.pt", 184_416_285,
                    "6d1aa6f30de5c92224f8172114de081d104bbd23dd9dc5c58996f0cad5dc4d38"),
            sam("sam2.1-base-plus", "092824/sam2.1_hiera_base_plus.pt", 323_606_802,
                    "a2345aede8715ab1d5d31b4a509fb160c5a4af1970f199d9054ccfb746c004c5"),
            sam("sam2.1-large", "092824/sam2.1_hiera_large.pt", 898_083_611,
                    "2647878d5dfa5098f2f8649825738a9345572bae2d4350a2468587ece47dd318"),
            sam("sam2-tiny", "072824/sam2_hiera_tiny.pt", 155_906_050,
                    "65b50056e05bcb13694174f51bb6da89c894b57b75ccdf0ba6352c597c5d1125"),
            sam("sam2-small", "072824/sam2_hiera_small.pt", 184_309_650,
                    "95949964d4e548409021d47b22712d5f1abf2564cc0c3c765ba599a24ac7dce3"),
            sam("sam2-base-plus", "072824/sam2_hiera_base_plus.pt", -1,
                    "d0bb7f236400a49669ffdd1be617959a8b1d1065081789d7bbff88eded3a8071"),
            sam("sam2-large", "072824/sam2_hiera_large.pt", 897_952_466,
                    "7442e4e9b732a508f80e141e7c2913437a3610ee0c77381a66658c3a445df87b"),
            first("sam-vit-b", "sam_vit_b_01ec64.pth", 375_042_383,
                    "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912"),
            first("sam-vit-l", "sam_vit_l_0b3195.pth", 1_249_524_607,
                    "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622"),
            first("sam-vit-h", "sam_vit_h_4b8939.pth", 2_564_550_879L,
                    "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e"),
            rcnn("maskrcnn-resnet50-fpn", "Mask R-CNN, ResNet-50-FPN, COCO_V1 (torchvision)",
                    "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth", 178_090_079,
                    "bf2d0c1efbc936eeee2bc95a48e80ebc86b891f61b0106485937fc29f9315fc0"),
            rcnn("maskrcnn-resnet50-fpn-v2", "Mask R-CNN v2, ResNet-50-FPN, COCO_V1 (torchvision)",
                    "maskrcnn_resnet50_fpn_v2_coco-73cbd019.pth", 185_828_065,
                    "73cbd0190fcbe3ba339921fbce2c3a0b6bb9126c9a133c85e43a2a8e060a109e"),
            rembg("isnet-general-use", "IS-Net, general use (xuebinqin/DIS, ONNX by danielgatis/rembg)",
                    "DIS/blob/main/LICENSE.md", 178_648_008,
                    "60920e99c45464f2ba57bee2ad08c919a52bbf852739e96947fbb4358c0d964a"),
            rembg("u2netp", "U²-Netp (xuebinqin/U-2-Net, ONNX by danielgatis/rembg)", "U-2-Net/blob/master/LICENSE", 4_574_861,
                    "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"));

    private static PublishedWeights sam(String name, String file, long bytes, String sha256) {
        int dash = name.indexOf('-');
        String title = "SAM " + name.substring(3, dash) + ", Hiera " + name.substring(dash + 1).replace("-plus", "+")
                + " (Meta)";
        return new PublishedWeights(name, title, URI.create(SAM2 + file), bytes, sha256, SAM2_LICENCE);
    }

    private static PublishedWeights first(String name, String file, long bytes, String sha256) {
        String title = "SAM, the first, ViT-" + name.substring("sam-vit-".length()).toUpperCase(Locale.ROOT) + " (Meta)";
        return new PublishedWeights(name, title, URI.create(SAM + file), bytes, sha256, SAM_LICENCE);
    }

    private static PublishedWeights rcnn(String name, String title, String file, long bytes, String sha256) {
        return new PublishedWeights(name, title, URI.create(TORCHVISION + file), bytes, sha256, TORCHVISION_LICENCE);
    }

    private static PublishedWeights rembg(String name, String title, String licence, long bytes, String sha256) {
        return new PublishedWeights(name, title, URI.create(REMBG + name + ".onnx"), bytes, sha256,
                "Apache-2.0, Xuebin Qin: https://github.com/xuebinqin/" + licence);
    }

    /** Everything that is known. */
    public static List<PublishedWeights> all() {
        return ALL;
    }

    /** Those of a name, if it is known. */
    public static Optional<PublishedWeights> find(String name) {
        return ALL.stream().filter(w -> w.name.equals(name)).findFirst();
    }

    /** The name of the file. */
    public String file() {
        return source.getPath().substring(source.getPath().lastIndexOf('/') + 1);
    }

    /**
     * The same file from elsewhere.
     *
     * @throws BadInputException unless it is an http or https address
     */
    public PublishedWeights from(String address) {
        URI other;
        try {
            other = new URI(address);
        } catch (URISyntaxException e) {
            throw new BadInputException("'" + address + "' is no address: " + e.getReason(), e);
        }
        String scheme = String.valueOf(other.getScheme()).toLowerCase(Locale.ROOT);
        if (!scheme.equals("http") && !scheme.equals("https") || other.getHost() == null || other.getPort() > 65535) {
            throw new BadInputException("'" + address + "' is no http or https address");
        }
        return new PublishedWeights(name, title, URI.create(other.toASCIIString()), bytes, sha256, licence);
    }

    /**
     * Another file under the same name, such as one trained further: of any size, with that SHA-256.
     *
     * @throws BadInputException unless it is 64 hexadecimal digits
     */
    public PublishedWeights checkedBy(String digest) {
        String lower = digest.toLowerCase(Locale.ROOT);
        if (!lower.matches("[0-9a-f]{64}")) {
            throw new BadInputException("'" + digest + "' is no SHA-256: that has 64 hexadecimal digits");
        }
        return new PublishedWeights(name, title, source, lower.equals(sha256) ? bytes : -1, lower, licence);
    }
}
