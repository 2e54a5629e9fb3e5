function Import-AgentModule {
    <#
    .SYNOPSIS
    Loads the Hyper-V module first: its types are there only then, and a host without it must not look like one without machines.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param()
    if ($null -ne (Get-Module -Name 'Hyper-V')) { return }
    try { Import-Module -Name 'Hyper-V' -DisableNameChecking -Verbose:$false -ErrorAction Stop }
    catch {
        throw (New-AgentFailure -Code HYPERVISOR_UNAVAILABLE -Message "The Hyper-V module for PowerShell cannot be loaded: $($_.Exception.Message)")
    }
}
