"""Le flot de coût minimal d'un réseau en tableaux.

Le solveur est séquentiel : mêmes arcs dans le même ordre, même flot.
"""

import numpy as np
import numpy.typing as npt
from ortools.graph.python import min_cost_flow

Entiers = npt.NDArray[np.int64]

# Le solveur multiplie les coûts par (sommets + 1) ; on s'arrête bien avant 2**63.
BORNE_64_BITS = 2**60


def flot_de_cout_minimal(
    queues: Entiers,
    tetes: Entiers,
    capacites: Entiers,
    couts: Entiers,
    apports: Entiers,
    *,
    maximal: bool = False,
) -> Entiers:
    """Le flot, arc par arc. `maximal` : le plus grand d'abord, puis le moins cher ; sinon, tous les apports passent.

    Raises:
        RuntimeError: aucun flot ne porte ces apports.
    """
    solveur = min_cost_flow.SimpleMinCostFlow()
    arcs = solveur.add_arcs_with_capacity_and_unit_cost(
        queues.astype(np.int32), tetes.astype(np.int32), capacites, couts
    )
    solveur.set_nodes_supplies(np.arange(len(apports), dtype=np.int32), apports)
    statut = solveur.solve_max_flow_with_min_cost() if maximal else solveur.solve()
    if statut != solveur.OPTIMAL:
        raise RuntimeError(f"Le flot de coût minimal a échoué ({statut}).")
    return np.asarray(solveur.flows(arcs), dtype=np.int64)
