"""Every route of the server, one row each."""

from __future__ import annotations

from emr_nb.server.models import catalog as k
from emr_nb.server.models import clusters as c
from emr_nb.server.models import common as m
from emr_nb.server.models import files as f
from emr_nb.server.models import settings as p
from emr_nb.server.models import statements as s
from emr_nb.server.models import tree as t
from emr_nb.server.operations import Operation

_FILES = "/clusters/{cluster}/files"
_CATALOG = "/clusters/{cluster}/catalog"

# fmt: off
OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/health", m.Nothing, m.Health, "health:health",
              "Tell that the server part is there, and its version"),
    Operation("GET", "/settings", m.Nothing, p.SettingsView, "settings:told",
              "Tell which settings are kept, and what stands above them"),
    Operation("POST", "/settings", p.SettingsKept, p.SettingsView, "settings:kept",
              "Keep settings for this server and the kernels of its user"),
    Operation("GET", "/clusters", c.ClustersWanted, c.ClusterList, "clusters:listed",
              "List the clusters that can be attached"),
    Operation("POST", "/clusters/refresh", m.Nothing, c.ClusterList, "clusters:refreshed",
              "Ask the providers anew, as far as their limits allow"),
    Operation("GET", "/clusters/{cluster}", c.ClusterId, c.ClusterView, "clusters:one",
              "Tell what is known of a cluster"),
    Operation("GET", "/local", m.Nothing, c.LocalList, "local:listed",
              "List the local clusters"),
    Operation("POST", "/local/{name}/start", c.LocalStart, m.JobView, "local:start",
              "Start a local cluster, or what it lacks; a job"),
    Operation("POST", "/local/{name}/stop", c.LocalStop, m.JobView, "local:stop",
              "End a local cluster; a job"),
    Operation("GET", "/jobs", m.Nothing, m.JobList, "job_routes:listed", "List the jobs"),
    Operation("GET", "/jobs/{job}", m.JobId, m.JobView, "job_routes:one", "Tell how a job does"),
    Operation("POST", "/jobs/{job}/cancel", m.JobId, m.JobView, "job_routes:cancel",
              "Ask a job to end early"),
    Operation("GET", _FILES, f.FolderPage, f.EntryPage, "files:page",
              "List one page of a folder"),
    Operation("GET", f"{_FILES}/detail", f.EntryId, f.DetailView, "files:detail",
              "Tell all that the store tells of an entry"),
    Operation("GET", f"{_FILES}/preview", f.EntryId, f.PreviewView, "files:preview",
              "Show what an entry holds"),
    Operation("GET", f"{_FILES}/code", f.CodeWanted, f.CodeView, "files:code",
              "Write a cell that reads an entry"),
    Operation("GET", f"{_FILES}/content", f.EntryId, m.Answer, "streams:download",
              "Download a file, or a range of it", streams="download"),
    Operation("PUT", f"{_FILES}/content", f.Upload, f.EntryView, "streams:upload",
              "Upload a file under a temporary name, put in place when it is whole",
              streams="upload"),
    Operation("POST", "/clusters/{cluster}/listings", f.ListingWanted, f.ListingView,
              "listings:opened", "Open a folder to be looked at by windows"),
    Operation("GET", "/listings/{listing}", f.ListingId, f.ListingView, "listings:one",
              "Tell what has come of an open folder"),
    Operation("GET", "/listings/{listing}/rows", f.RowsWanted, f.RowsView, "listings:rows",
              "Give a window of rows, sorted and filtered"),
    Operation("DELETE", "/listings/{listing}", f.ListingId, m.Done, "listings:closed",
              "Close an open folder"),
    Operation("GET", "/listings/{listing}/place", t.PlaceWanted, t.PlaceView, "tree:place",
              "Tell in which row an entry stands"),
    Operation("GET", "/clusters/{cluster}/stores", c.ClusterId, t.StoreList, "tree:stores",
              "List the roots of a cluster's tree of files"),
    Operation("GET", f"{_FILES}/where", t.PathWanted, t.WhereView, "tree:where",
              "Tell what a typed path names, and what is above it"),
    Operation("POST", "/clusters/{cluster}/plans", f.PlanWanted, f.PlanView, "plans:made",
              "Tell what a change would do"),
    Operation("GET", "/plans/{plan}", f.PlanId, f.PlanView, "plans:again",
              "Tell a plan once more"),
    Operation("POST", "/plans/{plan}", f.PlanId, m.JobView, "plans:act",
              "Do what a plan told; a job"),
    Operation("GET", "/statements", s.StatementsWanted, s.StatementPage, "history:searched",
              "Search the history of statements"),
    Operation("POST", "/statements/clear", s.HistoryCleared, s.Cleared, "history:cleared",
              "Forget statements that have ended"),
    Operation("GET", "/statements/{tag}", s.StatementId, s.StatementView, "history:one",
              "Give one statement with all of its text"),
    Operation("POST", "/statements/{tag}/cancel", s.StatementId, s.CancelView,
              "sessions:cancel", "Stop a statement on its cluster"),
    Operation("GET", "/clusters/{cluster}/sessions", c.ClusterId, s.SessionList,
              "sessions:listed", "List the sessions on a cluster"),
    Operation("POST", "/clusters/{cluster}/sessions/{engine}/{session}/stop", s.SessionId,
              m.Done, "sessions:stop", "End a session on its cluster"),
    Operation("GET", _CATALOG, c.ClusterId, k.SourceList, "catalog:sources",
              "List the engines whose catalogs can be looked at"),
    Operation("GET", f"{_CATALOG}/{{source}}/nodes", k.NodesWanted, k.NodePage,
              "catalog:nodes", "List what is below a node of a catalog"),
    Operation("GET", f"{_CATALOG}/{{source}}/search", k.CatalogSearched, k.HitList,
              "catalog_search:searched", "Search a catalog by names"),
    Operation("GET", f"{_CATALOG}/{{source}}/partitions", k.PartitionsWanted, k.PartitionPage,
              "catalog:partitions", "List a table's partitions"),
    Operation("POST", f"{_CATALOG}/{{source}}/rows", k.TableWanted, k.FirstRowsView,
              "catalog:first_rows", "Show a table's first rows, by a statement on the cluster"),
    Operation("POST", f"{_CATALOG}/{{source}}/refresh", k.SourceId, m.Done,
              "catalog:refreshed", "Ask a catalog anew from now on"),
    Operation("POST", f"{_CATALOG}/{{source}}/complete", k.CompletionWanted, k.CompletionList,
              "sql_completion:completed", "Complete SQL by a catalog's names"),
)
# fmt: on
