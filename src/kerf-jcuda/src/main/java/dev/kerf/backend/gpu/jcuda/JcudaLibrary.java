package dev.kerf.backend.gpu.jcuda;

import dev.kerf.error.BackendUnavailableException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jcuda.driver.JCudaDriver;

/** Loads JCuda's native library, once; a class that failed to start tells only once why. */
final class JcudaLibrary {
    /** What the dynamic loader says of a library that it can't load, among JCuda's stack traces. */
    private static final Pattern MISSING = Pattern.compile("(lib[\\w.+-]+\\.so[\\w.]*: [^\\r\\n]+)");
    private static final Pattern NOWHERE = Pattern.compile("no (\\S+) in java\\.library\\.path");
    private static final String TROUBLE = load();

    private JcudaLibrary() {}

    /** JCuda over its library. */
    static JcudaApi open() {
        if (TROUBLE != null) {
            throw new BackendUnavailableException("jcuda: JCuda's native library can't be loaded (" + TROUBLE
                    + "); it needs NVIDIA's driver, 525.60 or newer, and org.jcuda:jcuda-natives:12.6.0:linux-x86_64");
        }
        return Holder.API;
    }

    private static final class Holder {
        static final JcudaApi API = new JcudaApi();
    }

    private static String load() {
        try {
            JCudaDriver.setExceptionsEnabled(false);
            return null;
        } catch (LinkageError e) {
            return trouble(e);
        }
    }

    /** What is missing, in one line, of an error that may hold pages of stack traces. */
    private static String trouble(LinkageError e) {
        StringBuilder all = new StringBuilder();
        for (Throwable t = e; t != null; t = t.getCause()) {
            all.append(t).append('\n');
        }
        Matcher m = MISSING.matcher(all);
        // The loader names the library that asked first and what that lacks last.
        String missing = null;
        while (m.find()) {
            missing = m.group(1);
        }
        if (missing != null) {
            return missing;
        }
        Matcher nowhere = NOWHERE.matcher(all);
        return nowhere.find()
                ? nowhere.group(1) + " is neither on the class path nor on java.library.path"
                : all.toString().lines().findFirst().orElse("");
    }
}
