function Assert-AgentTuning {
    <#
    .SYNOPSIS
    Refuses what Hyper-V cannot do with a disk.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param([Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Spec)
    $refused = @{
        cache                = @('default'); discard = @($true); read_only = @($false); bytes_per_second_max = @([long]0); format = @('vhdx'); bus = @('scsi', 'ide')
    }
    foreach ($field in @($refused.Keys | Sort-Object)) {
        if ($null -eq $Spec[$field] -or $refused[$field] -ccontains $Spec[$field]) { continue }
        throw (New-AgentFailure -Code HYPERVISOR_UNSUPPORTED -Message "Hyper-V has no $field $($Spec[$field]) for a disk." -Pointer "/$field")
    }
}
