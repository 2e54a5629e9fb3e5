# Stands in for Test-VHD of the Hyper-V module.
function Test-VHD {
    [CmdletBinding(DefaultParameterSetName = 'ExistingVHD')]
    [OutputType([bool])]
    param(
        [Parameter(Position = 0, Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Alias('FullName')][string[]]$Path,
        [Parameter(ParameterSetName = 'SharedDisk', Mandatory = $true)]
        [Alias('ShareVirtualDisk')][switch]$SupportPersistentReservations
    )
    process {
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            foreach ($item in $Path) {
                $null = Get-FakeChain -Path (Get-FakeFullPath -Path $item)
                if ($SupportPersistentReservations) { Deny-FakeWork -Id 'NotSupported' -Message 'Kein freigegebener Datentraeger.' }
                $true
            }
        }
    }
}
