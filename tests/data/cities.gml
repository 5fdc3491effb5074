# Made for the tests: all that an import has to cope with.
graph [
  Network "Seven cities"
  node [ id 0 label "Paris" Latitude 48.85341 Longitude 2.3488 ]
  node [ id 1 label "Z&#252;rich" Latitude 47.36667 Longitude 8.55 ]
  node [ id 2 label "Milano" ]
  node [ id 3 label "Roma" Latitude 41.89193 Longitude 12.51133 ]
  node [ id 4 label "Roma" Latitude 41.89193 Longitude 12.51133 ]
  node [ id 5 label "Oslo" Latitude 59.91273 Longitude 10.74609 ]
  node [ id 6 label "Bergen" Latitude 60.39299 Longitude 5.32415 ]
  edge [ source 0 target 1 LinkSpeedRaw 10000000000.0 ]
  edge [ source 1 target 2 LinkSpeed "2.5" LinkSpeedUnits "G" ]
  edge [ source 2 target 3 ]
  edge [ source 3 target 4 delay 0.5 ]
  edge [ source 0 target 3 latency "30 ms" ]
  edge [ source 1 target 0 LinkSpeedRaw 10000000000.0 ]
  edge [ source 4 target 4 ]
  edge [ source 5 target 6 ]
]
