/** Kerf's tuner: spaces of kernels' parameters, methods of search, and the files that the tuning community keeps results in. */
module dev.kerf.tune {
    requires transitive dev.kerf;
    requires dev.kerf.check;

    exports dev.kerf.tune;
    exports dev.kerf.tune.compare;
    exports dev.kerf.tune.device;
    exports dev.kerf.tune.result;
    exports dev.kerf.tune.search;
    exports dev.kerf.tune.space;

    uses dev.kerf.tune.search.SearchStrategy;

    provides dev.kerf.tune.search.SearchStrategy with
            dev.kerf.tune.search.Annealing,
            dev.kerf.tune.search.Bayesian,
            dev.kerf.tune.search.BruteForce,
            dev.kerf.tune.search.Genetic,
            dev.kerf.tune.search.GreedyLocalSearch,
            dev.kerf.tune.search.RandomSearch,
            dev.kerf.tune.search.VariableNeighbourhood;
}
